package router

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp/vpn"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/topology"
)

// A link without a carrier cuts off external peers, and those behind a NIC, that
// are on the link.
func TestFallover(t *testing.T) {
	peer := func(intf, addr string, as uint32) topology.Session {
		return topology.Session{Interface: intf, PeerAddress: netip.MustParseAddr(addr), PeerAS: as}
	}
	r, _ := edge(t, func(cfg *config.Router) {
		cfg.Core[1].NIC = "n-eth2"
		cfg.Sessions = []topology.Session{
			peer("eth1", "192.168.1.2", 65000), // internal, over a wire
			peer("eth1", "192.168.1.3", 65001),
			peer("eth1", "fe80::1", 65001),
			peer("eth1", "10.255.0.9", 65001), // several hops away
			peer("eth2", "192.168.2.2", 65000),
		}
	})
	var told []string
	r.fallover.cut = func(cut map[netip.Addr]string) {
		text := ""
		for _, s := range r.cfg.Sessions {
			if why := cut[s.PeerAddress]; why != "" {
				text += s.PeerAddress.String() + ": " + why + "; "
			}
		}
		told = append(told, text)
	}
	const first = "192.168.1.3: interface eth1 has no carrier; fe80::1: interface eth1 has no carrier; "
	for _, step := range []struct {
		event kernel.LinkEvent
		want  []string
	}{
		{kernel.LinkEvent{Name: "eth1", Admin: true}, []string{first}},
		{kernel.LinkEvent{Name: "eth1", Admin: true}, nil}, // no change
		{kernel.LinkEvent{Name: "n-eth2", Admin: true}, []string{first + "192.168.2.2: interface eth2 has no carrier; "}},
		{kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true}, []string{"192.168.2.2: interface eth2 has no carrier; "}},
		{kernel.LinkEvent{Name: "n-eth2", Admin: true, Carrier: true}, []string{""}},
		{kernel.LinkEvent{Name: "eth1", Gone: true}, []string{first}},
		{kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true}, []string{""}},
	} {
		told = nil
		r.link(step.event)
		if !slices.Equal(told, step.want) {
			t.Errorf("after %+v: cut off are %q; want %q", step.event, told, step.want)
		}
	}
	// A session configured while the link has no carrier is cut off from the beginning.
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true})
	cfg := r.cfg
	cfg.Sessions = append(slices.Clone(cfg.Sessions), peer("eth1", "192.168.1.4", 65001))
	told = nil
	reconfigure(t, r, cfg)
	if want := []string{first + "192.168.1.4: interface eth1 has no carrier; "}; !slices.Equal(told, want) {
		t.Errorf("after an edit: cut off are %q; want %q", told, want)
	}
}

// A starting agent cuts off nobody before it knows its interfaces.
func TestFalloverAtTheStart(t *testing.T) {
	cfg := config.Router{Router: "pe1", AS: 65000, Core: []config.Core{{Port: 1, Name: "eth1", MAC: testMAC(1).String(), Addresses: prefixes("192.168.1.1/24")}},
		Sessions: []topology.Session{{Interface: "eth1", PeerAddress: netip.MustParseAddr("192.168.1.2"), PeerAS: 65001}}}
	r, _ := alone(cfg)
	r.fallover.cut = func(cut map[netip.Addr]string) { t.Errorf("cut off: %v", cut) }
	reconfigure(t, r, cfg)
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
}

// A host's wire without a carrier cuts off the sessions with the host, and an edit
// of the router does not change that.
func TestFalloverOfCustomers(t *testing.T) {
	r, speaker := ceRouter(t, vpn.PerVRF, topology.CustomerBGP{})
	var told []string
	r.fallover.cutCE = func(s *ce.Speaker, cut map[netip.Addr]string) {
		if s != speaker {
			t.Error("another speaker is told")
		}
		told = append(told, cut[peerAddr])
	}
	const why = "interface eth3 has no carrier"
	for _, step := range []struct {
		event kernel.LinkEvent
		want  []string
	}{
		{kernel.LinkEvent{Name: "eth3", Admin: true, Carrier: true}, nil},
		{kernel.LinkEvent{Name: "eth3", Admin: true}, []string{why}},
		{kernel.LinkEvent{Name: "eth3", Admin: true}, nil},
		{kernel.LinkEvent{Name: "eth3", Admin: true, Carrier: true}, []string{""}},
		{kernel.LinkEvent{Name: "eth3", Gone: true}, []string{why}},
	} {
		told = nil
		r.link(step.event)
		if !slices.Equal(told, step.want) {
			t.Errorf("after %+v: told %q; want %q", step.event, told, step.want)
		}
	}
}
