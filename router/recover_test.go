package router

import (
	"testing"
	"time"

	"pseudowan/bgp"
)

// A recovery does not wait until its limit for a peer that has come back and gone
// again, but gives it a moment to return.
func TestRecoveryAwaitsNobodyTwice(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		peer bgp.PeerState
		want bool
	}{
		"not there yet":       {bgp.PeerState{State: "active", LastError: "cannot connect: connection refused", LastErrorAt: now.Add(-10 * time.Second)}, false},
		"up":                  {bgp.PeerState{State: bgp.StateEstablished}, false},
		"up for another time": {bgp.PeerState{State: bgp.StateEstablished, LastEnd: "x", LastEndAt: now.Add(-10 * time.Second)}, false},
		"gone just now":       {bgp.PeerState{State: "active", LastEnd: "x", LastEndAt: now.Add(-time.Second)}, false},
		"gone":                {bgp.PeerState{State: "active", LastEnd: "x", LastEndAt: now.Add(-quietTime - time.Second)}, true},
	} {
		if got := cameAndWent(now, c.peer); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
