package transport

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
)

// A next hop is usable while its link has a carrier and it does not fail to answer;
// each change is reported once.
func TestNextHop(t *testing.T) {
	hop := netip.MustParseAddr("192.168.1.2")
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	var asked []netip.Addr
	carriers := kernel.NewCarriers()
	l := New(slog.New(slog.DiscardHandler), fib.New(), carriers, func(_ int, addr netip.Addr, _ bool) error {
		asked = append(asked, addr)
		return nil
	})
	ports, err := Ports([]config.Core{{
		Port: 1, Name: "eth1", BGPPort: 2, BGPName: "bgp-eth1", MAC: "02:00:00:00:00:01", MTU: 1512,
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ports[1].Index = 7
	l.Configure(ports, 1500)
	l.Use(hop)
	carrier := func(up bool) func() {
		return func() {
			carriers.Hear(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: up})
			l.Carrier("eth1")
		}
	}
	hears := func(state string, mac net.HardwareAddr) func() {
		return func() { l.Hear(kernel.NeighborEvent{Link: 7, Addr: hop, State: state, MAC: mac}) }
	}
	for _, step := range []struct {
		name            string
		do              func()
		usable, answers bool
	}{
		{"no carrier yet", func() {}, false, false},
		{"a carrier", carrier(true), true, false},
		{"it answers", hears("reachable", mac), true, true},
		{"it is asked again", hears("incomplete", nil), true, true},
		{"it fails", hears(kernel.Failed, nil), false, false},
		{"it answers again", hears("reachable", mac), true, true},
		{"the cable is cut", carrier(false), false, true},
	} {
		step.do()
		changed := l.Changed()
		if !changed[hop] || len(l.Changed()) != 0 {
			t.Errorf("%s: changed %v; want %s, once", step.name, changed, hop)
		}
		if l.Usable(hop) != step.usable || l.Answers(hop) != step.answers {
			t.Errorf("%s: usable %t, answers %t; want %t, %t", step.name, l.Usable(hop), l.Answers(hop), step.usable, step.answers)
		}
	}
	if !slices.Equal(asked, []netip.Addr{hop}) {
		t.Errorf("asked for %v; want %s once, when the carrier came", asked, hop)
	}
}

// Sizes are checked if a packet may be too long for the link with a label.
func TestForward(t *testing.T) {
	ports, err := Ports([]config.Core{{
		Port: 1, Name: "eth1", MAC: "02:00:00:00:00:01", MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ widest, want int }{{1496, 0}, {1497, 1496}, {9000, 1496}} {
		l := New(slog.New(slog.DiscardHandler), fib.New(), kernel.NewCarriers(), func(int, netip.Addr, bool) error { return nil })
		l.Configure(ports, tt.widest)
		to, ok := l.Forward(netip.MustParseAddr("192.168.1.2"), 16)
		if !ok || to.MTU != tt.want || to.Label != 16 || to.Adjacency == 0 {
			t.Errorf("customers send %d octets: %+v, %t; want an MTU of %d", tt.widest, to, ok, tt.want)
		}
		if _, ok := l.Forward(netip.MustParseAddr("203.0.113.1"), 16); ok {
			t.Error("a next hop that is not connected can be reached")
		}
	}
}

// A next hop behind a router on the link is usable as that one is, and packets for it go
// to its MAC; an edit moves it.
func TestNextHopBehindAnother(t *testing.T) {
	hop, via, other := netip.MustParseAddr("10.255.0.2"), netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("192.168.1.3")
	var asked []netip.Addr
	carriers := kernel.NewCarriers()
	l := New(slog.New(slog.DiscardHandler), fib.New(), carriers, func(_ int, addr netip.Addr, _ bool) error {
		asked = append(asked, addr)
		return nil
	})
	configure := func(to netip.Addr) {
		core := config.Core{Port: 1, Name: "eth1", MAC: "02:00:00:00:00:01", MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")}}
		if to.IsValid() {
			core.Ways = []config.Way{{To: netip.MustParsePrefix("10.255.0.0/28"), Via: to}}
		}
		ports, err := Ports([]config.Core{core})
		if err != nil {
			t.Fatal(err)
		}
		ports[1].Index = 7
		l.Configure(ports, 1500)
		l.Use(hop)
		l.Changed()
	}
	configure(netip.Addr{})
	if l.Usable(hop) {
		t.Error("usable without a way")
	}
	carriers.Hear(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	configure(via)
	if !l.Usable(hop) || l.Answers(hop) || !slices.Contains(asked, via) || slices.Contains(asked, hop) {
		t.Errorf("usable %t, answers %t, asked %v", l.Usable(hop), l.Answers(hop), asked)
	}
	l.Hear(kernel.NeighborEvent{Link: 7, Addr: via, State: "reachable", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 9}})
	if !l.Answers(hop) || !l.Changed()[hop] {
		t.Error("the way answers, and the next hop does not")
	}
	first, ok := l.Forward(hop, 16)
	same, _ := l.Forward(via, 16)
	if !ok || first.Adjacency != same.Adjacency {
		t.Errorf("adjacency %v, %t; that of the way is %v", first, ok, same)
	}
	l.Solicit(map[netip.Addr]bool{hop: true})
	l.Hear(kernel.NeighborEvent{Link: 7, Addr: via, State: kernel.Failed})
	if l.Usable(hop) || !l.Changed()[hop] || !l.Fails("eth1", hop) {
		t.Error("the way fails, and the next hop does not")
	}
	configure(other)
	if to, ok := l.Forward(hop, 16); !ok || to.Adjacency == first.Adjacency || !l.Usable(hop) {
		t.Errorf("after an edit: %+v, %t", to, ok)
	}
	l.Solicit(map[netip.Addr]bool{})
	if len(l.Port(1).wanted) > 0 || len(l.Port(1).behind) > 0 {
		t.Errorf("still followed: %v, %v", l.Port(1).wanted, l.Port(1).behind)
	}
}
