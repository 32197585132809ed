package bgp

import (
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// restarts is the session's graceful restart as the gate needs it.
func (n Neighbor) restarts() *gate.RestartConfig {
	c := &gate.RestartConfig{
		Off: n.Mode() == session.RestartOff, Helper: n.Mode() == session.RestartHelper,
		Time: uint16(n.OurRestartTime() / time.Second), Notification: n.RestartNotification,
	}
	for f, g := range gateFamilies {
		c.Families[g] = n.Restarts(f)
		c.LongLived[g] = uint32(n.LongLived(f) / time.Second)
	}
	return c
}

// RestartState is what the two ends of an established session keep of each other's
// routes when it ends.
type RestartState struct {
	Notifications bool // routes are kept over NOTIFICATIONs, too (RFC 8538)
	Restarted     bool // the peer said in its OPEN that it had restarted
	TakesStale    bool // the peer knows of routes that are stale for long (RFC 9494)
	Families      []FamilyRestart
}

// FamilyRestart is how long routes of a family are kept.
type FamilyRestart struct {
	Family                 vpn.Family
	Keeps, KeepsLong       time.Duration // by us: for the restart time, and after it
	PeerKeeps, PeerKeepsOn time.Duration // by the peer, which we ask for that
}

// restartState is what the OPENs have negotiated.
func restartState(families []vpn.Family, j *gate.Judge) RestartState {
	s := RestartState{Notifications: j.WillNotify()}
	if r := j.Peer().Restart; r != nil {
		s.Restarted, s.TakesStale = r.Restarted, r.TakesStale
	}
	seconds := func(n uint32) time.Duration { return time.Duration(n) * time.Second }
	for _, f := range families {
		short, long := j.Keeps(gateFamilies[f])
		theirs, theirLong := j.Kept(gateFamilies[f])
		if short+long+theirs+theirLong > 0 {
			s.Families = append(s.Families, FamilyRestart{f, seconds(short), seconds(long), seconds(theirs), seconds(theirLong)})
		}
	}
	return s
}

// longest is how long routes are kept at most: for the restart time of the peer,
// and until the first of those that are kept for longer go; 0: none are.
func (s RestartState) longest() (short, long time.Duration) {
	for _, f := range s.Families {
		short = max(short, f.Keeps)
		if f.KeepsLong > 0 && (long == 0 || f.KeepsLong < long) {
			long = f.KeepsLong
		}
	}
	return short, long
}
