package gate

import "fmt"

const (
	// pathOctets is the largest average length of a path's attributes if the
	// number of paths is limited.
	pathOctets = 512

	defaultWarn = 80 // percent
	calmBelow   = 5  // percent of the limit below the warning's, under which the next is a new one
)

// Limit is how many paths a peer may announce.
type Limit struct {
	Paths    uint32 // 0: any number
	Warn     uint32 // percent of it from which there is a warning; 0: 80
	WarnOnly bool   // more paths are a warning, too, and no end
}

// warning is what the last warning said.
type warning uint8

const (
	calm warning = iota
	near
	beyond
)

// SetLimit changes how many paths the peer may announce. It reports whether the
// peer has announced more and may not. It may be called at any time.
func (j *Judge) SetLimit(l Limit) bool {
	if l.Warn == 0 {
		l.Warn = defaultWarn
	}
	j.limit.Store(&l)
	return l.Paths > 0 && !l.WarnOnly && j.count.Load() > int64(l.Paths)
}

// Held returns how many paths the peer has announced and not withdrawn, as far as
// they are kept. It may be called at any time.
func (j *Judge) Held() int { return int(j.held.Load()) }

// publish makes the numbers of paths known to other goroutines.
func (j *Judge) publish() {
	r := &j.rib
	j.held.Store(int64(len(r.paths)))
	j.count.Store(int64(r.counted()))
	j.shown.Store(int64(r.shown))
}

// checkLimits ends the session of a peer that has announced too much, before the
// receiver sees it.
func (j *Judge) checkLimits(v *Verdict) {
	if j.tooManyMembers() {
		*v = Verdict{Refuse: &Notification{Code: CodeCease, Subcode: ceaseResources}, Limit: true}
		return
	}
	l := j.limit.Load()
	if l == nil || l.Paths == 0 {
		j.warned = calm
		return
	}
	limit := int(l.Paths)
	switch n := j.rib.counted(); {
	case n > limit && !l.WarnOnly:
		refused := TooManyPrefixes()
		*v = Verdict{Refuse: &refused, Limit: true}
	case j.rib.octets-j.rib.loopedOctets > limit*pathOctets && !l.WarnOnly:
		*v = Verdict{Refuse: &Notification{Code: CodeCease, Subcode: ceaseResources}, Limit: true}
	case n > limit && j.warned != beyond:
		j.warned = beyond
		v.Warning = fmt.Sprintf("%d prefixes received, more than %d", n, limit)
	case n*100 < limit*int(l.Warn-min(l.Warn, calmBelow)):
		j.warned = calm
	case j.warned == calm && n*100 >= limit*int(l.Warn):
		j.warned = near
		v.Warning = fmt.Sprintf("%d prefixes received, of at most %d", n, limit)
	}
}

// Excess returns which limit the peer has exceeded. It may be called at any time.
func (j *Judge) Excess() string {
	if j.tooManyMembers() {
		return fmt.Sprintf("more than %d memberships of route targets", maxMemberships)
	}
	limit := int64(0)
	if l := j.limit.Load(); l != nil {
		limit = int64(l.Paths)
	}
	if n := j.count.Load(); n <= limit {
		return fmt.Sprintf("attributes of more than %d octets for %d prefixes", limit*pathOctets, n)
	}
	return fmt.Sprintf("more than %d prefixes", limit)
}

// TooManyPrefixes returns the notification for an exceeded prefix limit (RFC
// 4486).
func TooManyPrefixes() Notification { return Notification{Code: CodeCease, Subcode: ceaseMaxPrefixes} }
