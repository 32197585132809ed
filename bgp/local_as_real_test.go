package bgp

import "testing"

// TestRealLocalAS has a router speak in the name of another AS: the peer sees it
// first in paths, and the router's own behind it or not.
func TestRealLocalAS(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*Neighbor)
		out, in  string
		withheld bool
	}{
		"as it is":      {func(*Neighbor) {}, "65050 65001", "65050 65002", false},
		"replace-as":    {func(n *Neighbor) { n.LocalASReplaceAS = true }, "65050", "65050 65002", false},
		"no-prepend":    {func(n *Neighbor) { n.LocalASNoPrepend = true }, "65050 65001", "65002", false},
		"first is peer": {func(n *Neighbor) { n.EnforceFirstAS = true }, "65050 65001", "65050 65002", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
			n, back := a.to(b), b.to(a)
			n.LocalAS = 65050
			test.change(&n)
			back.AS = 65050
			a.set(n)
			b.set(back)
			a.waitEstablished(b)
			out := vpnRoute("65001:1", "10.1.0.0/24", "65001:101", 1000)
			in := vpnRoute("65002:1", "10.2.0.0/24", "65001:101", 1001)
			a.announce(out)
			b.announce(in)
			if got := b.waitRoute(out.from(a), anyRoute).ASPath.String(); got != test.out {
				t.Errorf("the peer is told %q; want %q", got, test.out)
			}
			if got := a.waitRoute(in.from(b), anyRoute).ASPath.String(); got != test.in {
				t.Errorf("the router takes %q; want %q", got, test.in)
			}
			if p := stateOfPeer(t, a, b.addr); p.LocalAS != 65050 {
				t.Errorf("%+v", p)
			}
		})
	}
}
