package probe

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

// host makes a namespace without wires.
func host(t *testing.T, name string) Host {
	t.Helper()
	ns, _, err := hosts.EnsureNamespace("pwt-probe-"+name, hosts.Mark{Lab: "pwt-probe", Node: name, Kind: hosts.KindHost})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Delete(); err != nil {
			t.Error(err)
		}
	})
	return Host{Name: name, NetNS: ns.Path()}
}

// wire joins two hosts and gives addresses to both ends.
func wire(t *testing.T, a, b Host, addresses map[string][]string) {
	t.Helper()
	ctx := context.Background()
	end := func(h Host, peer string) hosts.WireEnd {
		return hosts.WireEnd{Namespace: h.NetNS, Name: "to-" + peer, Alias: h.Name + ":" + peer, MTU: 1500}
	}
	if _, err := hosts.EnsureWires(ctx, []hosts.Wire{{A: end(a, b.Name), B: end(b, a.Name)}}); err != nil {
		t.Fatal(err)
	}
	for _, h := range []Host{a, b} {
		peer := b.Name
		if h == b {
			peer = a.Name
		}
		i := hosts.Interface{Name: "to-" + peer, MTU: 1500}
		for _, text := range addresses[h.Name] {
			i.Addresses = append(i.Addresses, netip.MustParsePrefix(text))
		}
		if _, err := hosts.Configure(ctx, h.NetNS, hosts.Network{Interfaces: []hosts.Interface{i}}); err != nil {
			t.Fatal(err)
		}
	}
	for h, peer := range map[string]string{a.NetNS: b.Name, b.NetNS: a.Name} {
		awaitCarrier(t, h, "to-"+peer)
	}
}

// awaitCarrier waits until the kernel sends packets through an interface, which it
// hears late if much happens to others.
func awaitCarrier(t *testing.T, netns, name string) {
	t.Helper()
	hoststest.Eventually(t, name+" runs", func() (runs bool) {
		err := hosts.Within(netns, func() error {
			i, err := net.InterfaceByName(name)
			runs = err == nil && i.Flags&net.FlagRunning != 0
			return err
		})
		return err == nil && runs
	})
}

// Who holds no station is heard by ICMP where that is asked for: that its port is
// closed, or, where a program holds the port and is silent, by its answer to a ping.
func TestRealPing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	x, y := host(t, "p1"), host(t, "p2")
	wire(t, x, y, map[string][]string{"p1": {"10.1.0.1/24", "2001:db8::1/64"}, "p2": {"10.1.0.2/24", "2001:db8::2/64"}})
	prober, err := Open([]Host{x})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prober.Close)
	list := []Probe{
		{From: "p1", Destination: netip.MustParseAddr("10.1.0.2"), Ping: true},
		{From: "p1", Destination: netip.MustParseAddr("2001:db8::2"), Ping: true},
		{From: "p1", Destination: netip.MustParseAddr("10.1.0.2")},
		{From: "p1", Destination: netip.MustParseAddr("10.1.0.9"), Ping: true},
	}
	want := []bool{true, true, false, false}
	for _, silent := range []bool{false, true} {
		if silent {
			err := hosts.Within(y.NetNS, func() error {
				c, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(prober.Port())})
				if err == nil {
					t.Cleanup(func() { c.Close() })
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		results, err := prober.Send(t.Context(), list, Schedule{
			Tries: 6, Every: 100 * time.Millisecond, Wait: 100 * time.Millisecond, Settled: func(r Result) bool { return r.Replied },
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Replied != want[i] || len(r.Answered) > 0 {
				t.Errorf("silent %t: %+v: %+v; want a reply: %t", silent, list[i], r, want[i])
			}
		}
	}
}

// twoPairs makes two pairs of hosts with the same addresses: a1 and a2, b1 and b2.
func twoPairs(t *testing.T) []Host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	var list []Host
	for _, pair := range [][2]string{{"a1", "a2"}, {"b1", "b2"}} {
		x, y := host(t, pair[0]), host(t, pair[1])
		wire(t, x, y, map[string][]string{
			pair[0]: {"10.1.0.1/24", "2001:db8::1/64"}, pair[1]: {"10.1.0.2/24", "10.1.0.3/24", "2001:db8::2/64"},
		})
		list = append(list, x, y)
	}
	return list
}

var addr = netip.MustParseAddr

// Hosts with the same addresses are told apart, and silence and refusals from
// answers.
func TestRealProber(t *testing.T) {
	prober, err := Open(twoPairs(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prober.Close)
	probes := []Probe{
		{From: "a1", Source: addr("10.1.0.1"), Destination: addr("10.1.0.2")},
		{From: "b1", Destination: addr("10.1.0.2")},
		{From: "a1", Destination: addr("10.1.0.3")}, // answered from the requested address, not from the first
		{From: "b2", Source: addr("2001:db8::2"), Destination: addr("2001:db8::1")},
		{From: "a2", Source: addr("10.1.0.3"), Destination: addr("10.1.0.1")},
		{From: "a1", Destination: addr("10.1.0.9")},
		{From: "a1", Destination: addr("192.0.2.1")},
	}
	want := []string{"a2", "b2", "a2", "b1", "a1", "", ""}
	done := 0
	results, err := prober.Send(context.Background(), probes, Schedule{
		Tries: 20, Every: 100 * time.Millisecond, Wait: 100 * time.Millisecond,
		Settled: func(r Result) bool { return len(r.Answered) > 0 }, Progress: func(n int) { done = n },
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		var expected []string
		if want[i] != "" {
			expected = []string{want[i]}
		}
		if !slices.Equal(r.Answered, expected) || !slices.Equal(r.Arrived, expected) {
			t.Errorf("%s to %s: %+v; want %q to answer", probes[i].From, probes[i].Destination, r, want[i])
		}
	}
	if results[6].Refused == nil || results[6].Sent != 0 {
		t.Errorf("the host sends without a route: %+v", results[6])
	}
	if done != 5 {
		t.Errorf("progress ends at %d, want 5", done)
	}
}

func TestRealRouteAndAddresses(t *testing.T) {
	list := twoPairs(t)
	route, err := list[0].Route(Packet{Destination: addr("10.1.0.2")})
	if err != nil || route.Interface != "to-a2" || route.Source != addr("10.1.0.1") || route.Local {
		t.Errorf("route %+v, %v", route, err)
	}
	if own, err := list[0].Route(Packet{Destination: addr("10.1.0.1")}); err != nil || !own.Local {
		t.Errorf("its own address: %+v, %v", own, err)
	}
	have, err := list[1].Addresses()
	if err != nil || len(have) != 3 || have[0] != (Address{"to-a1", netip.MustParsePrefix("10.1.0.2/24")}) {
		t.Errorf("addresses %v, %v", have, err)
	}
}

// Open names a host that is gone.
func TestRealOpenWithoutAHost(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	if _, err := Open([]Host{{Name: "nobody", NetNS: "/run/netns/pwt-probe-nobody"}}); err == nil {
		t.Error("a missing host is opened")
	} else if got := err.Error(); got[:12] != "host nobody:" {
		t.Errorf("%v does not name the host", err)
	}
}

// Routes of all tables and policy rules name destinations, default routes do not.
func TestRealNamed(t *testing.T) {
	h := twoPairs(t)[0]
	run := func(line string) {
		t.Helper()
		cmd := exec.Command("ip", strings.Fields(line)...)
		if err := hosts.Within(h.NetNS, cmd.Start); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("ip %s: %v", line, err)
		}
	}
	run("route add default via 10.1.0.2")
	run("route add 10.7.0.0/16 via 10.1.0.2 table 77")
	run("-6 rule add to 2001:db8:7::/48 lookup 77")
	n, err := h.Named()
	if err != nil || n.Spread {
		t.Errorf("%+v, %v", n, err)
	}
	for _, want := range []string{"10.1.0.0/24", "2001:db8::/64", "10.7.0.0/16", "2001:db8:7::/48"} {
		if !slices.Contains(n.Prefixes, netip.MustParsePrefix(want)) {
			t.Errorf("%s is not in %v", want, n.Prefixes)
		}
	}
	if slices.ContainsFunc(n.Prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 || p.Contains(addr("192.0.2.1")) }) {
		t.Errorf("%v names an address without a route", n.Prefixes)
	}
	run("route add 10.8.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.3")
	if n, err := h.Named(); err != nil || !n.Spread {
		t.Errorf("two next hops: %+v, %v", n, err)
	}
}
