package bgp

import (
	"sync/atomic"
	"time"

	"pseudowan/bgp/gate"
)

// stalePaths has the engine give up what was kept of a peer that has restarted, when
// the peer is back and has not said for a while that it has sent all (RFC 4724
// section 4.2), or when it must not be kept any longer (RFC 9494).
type stalePaths struct {
	time  atomic.Int64 // how long it stands; ns
	until time.Time    // zero: nothing is awaited
	since time.Time    // when the waiting began
}

// setTime changes how long what was kept stands. It may be called from any goroutine.
func (s *stalePaths) setTime(d time.Duration) { s.time.Store(int64(d)) }

// due appends what ends the waiting when it is time.
func (s *stalePaths) due(out []byte, now time.Time, judge *gate.Judge) []byte {
	if !judge.Awaits() || !judge.Established() {
		s.until, s.since = time.Time{}, time.Time{}
		return out
	}
	if s.since.IsZero() {
		s.since = now
	}
	s.until = s.since.Add(time.Duration(s.time.Load()))
	if end := judge.KeptUntil(); !end.IsZero() && end.Before(s.until) {
		s.until = end
	}
	if now.Before(s.until) {
		return out
	}
	return append(out, judge.GiveUp()...)
}

// wake is when to look again; before the given time, unless that is zero.
func (s *stalePaths) wake(before time.Time, awaits bool) time.Time {
	if !awaits || s.until.IsZero() || !before.IsZero() && before.Before(s.until) {
		return before
	}
	return s.until
}
