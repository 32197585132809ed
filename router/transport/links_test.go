package transport

import (
	"fmt"
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
		same            bool // nothing changes
	}{
		{"no carrier yet", func() {}, false, false, false},
		{"a carrier", carrier(true), true, false, false},
		{"it answers", hears("reachable", mac), true, true, false},
		{"it is asked again", hears("incomplete", nil), true, true, true},
		{"it fails", hears(kernel.Failed, nil), false, false, false},
		{"it answers again", hears("reachable", mac), true, true, false},
		{"the cable is cut", carrier(false), false, true, false},
	} {
		step.do()
		changed := l.Changed()
		if changed[hop] == step.same || len(l.Changed()) != 0 {
			t.Errorf("%s: changed %v; want %s, once: %t", step.name, changed, hop, !step.same)
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

// Routers of a lab that answer are asked from time to time, the more seldom the more there
// are, and not at all if BGP's hold time ends sooner; one that does not, always.
func TestSolicitsRoutersOfTheLabSeldom(t *testing.T) {
	solicitsSeldom(t, 2, 1, 1)
	solicitsSeldom(t, 20, 40, 1)
	solicitsSeldom(t, 21, 200, 0)
	solicitsSeldom(t, 250, 200, 0)
}

// solicitsSeldom tests how often each of some routers of a lab is asked in so many rounds.
func solicitsSeldom(t *testing.T, routers, rounds, often int) {
	t.Helper()
	carriers := kernel.NewCarriers()
	carriers.Hear(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	asked := map[netip.Addr]int{}
	l := New(slog.New(slog.DiscardHandler), fib.New(), carriers, func(_ int, addr netip.Addr, _ bool) error {
		asked[addr]++
		return nil
	})
	core := config.Core{Port: 1, Name: "eth1", MAC: "02:00:00:00:00:01", MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.254/24")}}
	named := map[netip.Addr]bool{}
	for i := range routers {
		addr := netip.AddrFrom4([4]byte{192, 168, 1, byte(i + 1)})
		named[addr] = true
		core.Neighbors = append(core.Neighbors, config.Neighbor{Address: addr, MAC: fmt.Sprintf("02:00:00:00:01:%02x", i)})
	}
	ports, err := Ports([]config.Core{core})
	if err != nil {
		t.Fatal(err)
	}
	ports[1].Index = 7
	l.Configure(ports, 1500)
	silent := netip.MustParseAddr("192.168.1.2")
	for addr, mac := range ports[1].known {
		l.Use(addr)
		if addr != silent {
			l.Hear(kernel.NeighborEvent{Link: 7, Addr: addr, State: "stale", MAC: mac})
		}
	}
	clear(asked)
	for range rounds {
		l.Solicit(named)
	}
	for addr := range named {
		if want := map[bool]int{false: often, true: rounds}[addr == silent]; asked[addr] != want {
			t.Errorf("of %d, %s was asked %d times in %d rounds, want %d", routers, addr, asked[addr], rounds, want)
		}
	}
	if !l.Asks() {
		t.Errorf("of %d, none is asked, also not %s", routers, silent)
	}
	l.Hear(kernel.NeighborEvent{Link: 7, Addr: silent, State: "stale", MAC: ports[1].known[silent]})
	if l.Asks() != (often > 0) {
		t.Errorf("of %d that answer, some are asked: %t", routers, l.Asks())
	}
}

// A neighbour that is asked again and gives the same answer changes nothing.
func TestHearTheSameAgain(t *testing.T) {
	carriers := kernel.NewCarriers()
	carriers.Hear(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	l := New(slog.New(slog.DiscardHandler), fib.New(), carriers, func(int, netip.Addr, bool) error { return nil })
	ports, err := Ports([]config.Core{{Port: 1, Name: "eth1", MAC: "02:00:00:00:00:01", MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")}}})
	if err != nil {
		t.Fatal(err)
	}
	ports[1].Index = 7
	l.Configure(ports, 1500)
	hop := netip.MustParseAddr("192.168.1.2")
	l.Use(hop)
	l.Changed()
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	for _, step := range []struct {
		state   string
		mac     net.HardwareAddr
		changes bool
	}{
		{"reachable", mac, true}, {"stale", mac, false}, {"probe", mac, false}, {"incomplete", nil, false},
		{kernel.Failed, nil, true}, {kernel.Failed, nil, false}, {"reachable", mac, true},
		{"reachable", net.HardwareAddr{2, 0, 0, 0, 0, 8}, true},
	} {
		l.Hear(kernel.NeighborEvent{Link: 7, Addr: hop, State: step.state, MAC: step.mac})
		if changed := l.Changed()[hop]; changed != step.changes {
			t.Errorf("%s %s: changed %t, want %t", step.state, step.mac, changed, step.changes)
		}
	}
}
