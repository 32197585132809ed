package router

import (
	"net/netip"
	"strings"
	"testing"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
)

// The label of a route to a next hop on a link has a TTL of its own if the core is a pipe,
// also once that is edited.
func TestPipeOfAdjacencies(t *testing.T) {
	transport := &config.Transport{Port: 9, MAC: testMAC(9).String(), Addresses: []netip.Addr{netip.MustParseAddr("10.255.0.1")}}
	r, _ := edge(t, func(cfg *config.Router) { cfg.Transport = transport })
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 8)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.settle()
	number := r.fib.Adjacency(fib.NextHop{Port: firstLink, Addr: netip.MustParseAddr("192.168.1.2"), Push: true}, nil, nil)
	for _, pipe := range []bool{false, true, false} {
		edited := r.cfg
		edited.Transport = &config.Transport{Port: transport.Port, MAC: transport.MAC, Addresses: transport.Addresses, Pipe: pipe}
		reconfigure(t, r, edited)
		pushes := 0
		for c, flow := range r.fib.Flows() {
			if c.Kind() != pipeline.KindAdjacency || c.ID() != uint64(number) || !strings.Contains(flow.Actions, "push_mpls") {
				continue
			}
			pushes++
			if own := strings.Contains(flow.Actions, "load:255->NXM_NX_MPLS_TTL[]"); own != pipe {
				t.Errorf("pipe %t: %s", pipe, flow)
			}
		}
		if pushes == 0 {
			t.Errorf("pipe %t: no flow pushes a label", pipe)
		}
	}
}
