package bgp

import (
	"time"

	"pseudowan/bgp/gate"
)

// stalePathTime is how long what was kept of a peer that restarts stands while the
// peer is back and has not said that it has sent all (RFC 4724 section 4.2).
const stalePathTime = 6 * time.Minute

// stalePaths has the engine give such routes up in the end.
type stalePaths struct {
	until time.Time // zero: nothing is awaited
}

// due appends what ends the waiting when it is time.
func (s *stalePaths) due(out []byte, now time.Time, judge *gate.Judge) []byte {
	switch {
	case !judge.Awaits() || !judge.Established():
		s.until = time.Time{}
	case s.until.IsZero():
		s.until = now.Add(stalePathTime)
	case !now.Before(s.until):
		return append(out, judge.GiveUp()...)
	}
	return out
}

// wake is when to look again; before the given time, unless that is zero.
func (s *stalePaths) wake(before time.Time, awaits bool) time.Time {
	if !awaits || s.until.IsZero() || !before.IsZero() && before.Before(s.until) {
		return before
	}
	return s.until
}
