package router

import (
	"testing"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/ce"
	"pseudowan/topology"
)

// Memory is given back once, when routes have come and then no more for a while.
func TestQuiet(t *testing.T) {
	now := time.Now()
	var q quiet
	for i, step := range []struct {
		routes int
		after  time.Duration
		due    bool
	}{
		{0, time.Hour, false},
		{muchWork - 1, time.Hour, false},
		{1, time.Second, false},
		{1, quietAfter - 1, false},
		{0, quietAfter, true},
		{0, time.Hour, false},
		{2 * muchWork, quietAfter, true},
	} {
		if step.routes > 0 {
			q.note(step.routes, now)
		}
		now = now.Add(step.after)
		if due := q.due(now); due != step.due {
			t.Errorf("step %d: due is %t", i, due)
		}
	}
	if small, large := spareFor(50<<20), spareFor(3<<30); small != 100 || large >= 50 {
		t.Errorf("spare: %d and %d per cent", small, large)
	}
}

// It is, too, when the routes were those of a customer, which may be gone by then.
func TestCustomersRoutesAreWork(t *testing.T) {
	r, ce1 := ceRouter(t, vpn.PerVRF, topology.CustomerBGP{})
	r.answers(peerAddr)
	r.ceEvents(ce1, []bgp.Event{told("10.8.0.0/16", "10.1.0.2"), withdrawn("10.8.0.0/16")})
	r.ceEvents(&ce.Speaker{}, []bgp.Event{withdrawn("10.8.0.0/16")})
	if r.quiet.work != 3 || r.quiet.last.IsZero() {
		t.Errorf("%d routes have come or gone; want 3", r.quiet.work)
	}
}
