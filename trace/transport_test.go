package trace

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

// chain is pe1 -- p1 -- pe2, where pe2 is cut off and nobody but itself has a path to it.
func chain() *Snapshot {
	end := func(router, name string) topology.LinkEnd { return topology.LinkEnd{Router: router, Interface: name} }
	port := func(router, name string, number uint32, state status.InterfaceState) status.Interface {
		return status.Interface{Router: router, Name: name, Port: number, MAC: router + name, Oper: state}
	}
	loopback := netip.MustParsePrefix("2001:db8::2/128")
	return &Snapshot{
		Topology: &topology.Topology{Core: &topology.Core{}, Links: []topology.Link{
			{Metric: 10, Ends: []topology.LinkEnd{end("pe1", "eth1"), end("p1", "eth1")}},
			{Metric: 10, Ends: []topology.LinkEnd{end("p1", "eth2"), end("pe2", "eth1")}},
			{Ends: []topology.LinkEnd{end("pe1", "eth3"), end("pe2", "eth3")}},
		}},
		Interfaces: []status.Interface{
			port("pe1", "eth1", 1, status.InterfaceUp), port("pe1", "eth3", 3, status.InterfaceDown),
			port("p1", "eth1", 1, status.InterfaceUp), port("p1", "eth2", 2, status.InterfaceDown),
			port("pe2", "eth1", 1, status.InterfaceDown), port("pe2", "eth3", 3, status.InterfaceDown),
		},
		LSPs: []status.LSP{{Router: "pe2", FEC: loopback, Owner: "pe2"}},
	}
}

// Where there is no path, the links are named that are missing to it, and no others.
func TestNoPath(t *testing.T) {
	s := chain()
	hop := netip.MustParseAddr("2001:db8::2")
	if got, want := s.noPath("pe1", hop), "no label-switched path to next hop 2001:db8::2; p1 has none, either; p1:eth2 and pe2:eth1 have no carrier"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	s.Interfaces[4].Oper = status.InterfaceUp // of a LAN, one end is cut
	if got, want := s.noPath("p1", hop), "no label-switched path to next hop 2001:db8::2; pe1 has none, either; p1:eth2 has no carrier"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	s.Interfaces[3].Oper = status.InterfaceUp
	if got, want := s.noPath("p1", hop), "no label-switched path to next hop 2001:db8::2; pe1 has none, either"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// In a core that is one hop to packets, P routers do not answer for them.
func TestHiddenHops(t *testing.T) {
	s := chain()
	hops := []status.Hop{
		{Node: "pe1", Tables: &status.Forwarding{VRF: "red", Stack: []uint32{5003, 4006}}}, {Node: "p1", Tables: &status.Forwarding{Stack: []uint32{4006}}},
		{Node: "pe2", Tables: &status.Forwarding{VRF: "red"}}, {Node: "h2"},
	}
	for _, pipe := range []bool{false, true} {
		s.Topology.Core.Pipe = pipe
		want := []string{"pe1", "p1", "pe2", "h2"}
		if pipe {
			want = slices.Delete(want, 1, 2)
		}
		if got := s.visible(hops); !slices.Equal(got, want) {
			t.Errorf("pipe %t: hops %v, want %v", pipe, got, want)
		}
	}
}
