package bgp

import (
	"maps"
	"slices"
	"time"

	"pseudowan/bgp/gate"
)

const (
	// memberPatience is how long the ends of RIB of VPN routes wait for a peer that
	// does not say that it has asked for all that it asks for (RFC 4684 section 6).
	memberPatience = time.Minute

	// A peer that changes all the time what it asks for costs no more than a part of
	// the router's time.
	interestPause    = 10 * time.Millisecond
	interestPerRoute = time.Microsecond
)

// interests follows what the peer asks for by route target constraint.
type interests struct {
	news  bool
	next  time.Time // when it may be followed again
	until time.Time // when all is taken as said; zero: all has been said, or nothing
}

// due reports whether the editor has to know.
func (i *interests) due(now time.Time, judge *gate.Judge, routes int) bool {
	switch {
	case !judge.AwaitsMemberships() || !judge.Established():
		i.until = time.Time{}
	case i.until.IsZero():
		i.until = now.Add(memberPatience)
	case !now.Before(i.until):
		judge.EndMemberships()
		i.until, i.news = time.Time{}, true
	}
	if !i.news || now.Before(i.next) {
		return false
	}
	i.news, i.next = false, now.Add(interestPause+time.Duration(routes)*interestPerRoute)
	return true
}

// wake is when to look again; before the given time, unless that is zero.
func (i *interests) wake(before time.Time) time.Time {
	for _, t := range []time.Time{i.until, i.next} {
		if !t.IsZero() && (t == i.until || i.news) && (before.IsZero() || t.Before(before)) {
			before = t
		}
	}
	return before
}

// memberEvents is who hears of a relay's session for the sake of route target
// constraint.
type memberEvents struct {
	up, down func()
	asks     func(list map[gate.Membership]gate.Reflection, end bool)
}

// follow has the editor and the other sessions know what the peer asks for.
func (r *relay) follow(now time.Time) {
	if !r.interests.due(now, r.judge, r.editor.Size()) {
		return
	}
	list, end := r.judge.Memberships()
	r.interests.next = r.interests.next.Add(time.Duration(len(list)) * interestPerRoute)
	r.editor.SetInterest(list, end)
	r.members.asks(list, end)
	r.wake()
}

// targets are the route targets that the peer asks for, and those that it is asked
// for, in words; nil without route target constraint.
func (r *relay) targets() (received, advertised []string) {
	if !r.judge.Constrains() {
		return nil, nil
	}
	words := func(list []gate.Membership) []string {
		text := []string{}
		for _, m := range list {
			text = append(text, m.String())
		}
		slices.Sort(text)
		return slices.Compact(text)
	}
	asks, _ := r.judge.Memberships()
	return words(slices.Collect(maps.Keys(asks))), words(r.editor.Asked())
}

// came takes note that the session is established.
func (r *relay) came() {
	if r.judge.Established() && !r.up.Load() {
		r.up.Store(true)
		r.editor.Established()
		r.members.up()
		r.wake()
	}
}
