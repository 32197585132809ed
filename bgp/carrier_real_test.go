package bgp

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// A neighbour that is cut off loses its session and its routes at once, is let alone
// meanwhile, and comes back without delay. One that is configured while it is cut off
// is let alone, too.
func TestRealCutOff(t *testing.T) {
	const why = "interface eth1 has no carrier"
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	a.set(a.to(b))
	b.set(b.to(a))
	a.waitEstablished(b)
	route := vpnRoute("65002:1", "30.1.0.0/24", "65001:1", vpn.Label(2000))
	b.announce(route)
	a.waitRoute(route.from(b), func(Route) bool { return true })
	b.waitEstablished(a)
	for _, how := range []string{"while it is up", "when it is configured"} {
		began := time.Now()
		a.CutOff(map[netip.Addr]string{b.addr: why})
		a.waitGone(route.from(b))
		a.wait("end of the session", func() bool { return a.peers[b.addr].State != StateEstablished && a.peers[b.addr].LastError == why })
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: the session ends after %s", how, took)
		}
		b.wait("the reason", func() bool { return strings.Contains(b.peers[a.addr].LastError, why) })
		if how == "when it is configured" {
			a.set()
			a.set(a.to(b))
			a.wait("the reason", func() bool { return a.peers[b.addr].LastError == why })
		}
		time.Sleep(300 * time.Millisecond) // the peer goes on trying
		a.mu.Lock()
		p := a.peers[b.addr]
		a.mu.Unlock()
		if p.State == StateEstablished || p.LastError != why {
			t.Errorf("%s: the session is %s, and its last error is %q", how, p.State, p.LastError)
		}
		began = time.Now()
		a.CutOff(nil)
		a.waitEstablished(b)
		a.waitRoute(route.from(b), func(Route) bool { return true })
		t.Logf("%s: back after %s", how, time.Since(began))
	}
}
