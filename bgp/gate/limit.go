package gate

import "fmt"

const (
	// pathOctets is the largest average length of a path's attributes if the
	// number of paths is limited.
	pathOctets = 512

	warnPercent = 80
	calmPercent = 75
)

// SetLimit changes how many paths the peer may announce; 0: no limit. It reports
// whether the peer has announced more. It may be called at any time.
func (j *Judge) SetLimit(n uint32) bool {
	j.limit.Store(n)
	return n > 0 && j.count.Load() > int64(n)
}

// Held returns how many paths the peer has announced and not withdrawn. It may be
// called at any time.
func (j *Judge) Held() int { return int(j.count.Load()) }

// checkLimits ends the session of a peer that has announced too much, before the
// receiver sees it.
func (j *Judge) checkLimits(v *Verdict) {
	limit := int(j.limit.Load())
	if limit == 0 {
		j.warned = false
		return
	}
	switch n := len(j.rib.paths); {
	case n > limit:
		refused := TooManyPrefixes()
		*v = Verdict{Refuse: &refused, Limit: true}
	case j.rib.octets > limit*pathOctets:
		*v = Verdict{Refuse: &Notification{Code: CodeCease, Subcode: ceaseResources}, Limit: true}
	case n*100 < limit*calmPercent:
		j.warned = false
	case !j.warned && n*100 >= limit*warnPercent:
		j.warned = true
		v.Warning = fmt.Sprintf("%d prefixes received, of at most %d", n, limit)
	}
}

// Excess returns which limit the peer has exceeded. It may be called at any time.
func (j *Judge) Excess() string {
	limit := int64(j.limit.Load())
	if n := j.count.Load(); n <= limit {
		return fmt.Sprintf("attributes of more than %d octets for %d prefixes", limit*pathOctets, n)
	}
	return fmt.Sprintf("more than %d prefixes", limit)
}

// TooManyPrefixes returns the notification for an exceeded prefix limit (RFC
// 4486).
func TooManyPrefixes() Notification { return Notification{Code: CodeCease, Subcode: ceaseMaxPrefixes} }
