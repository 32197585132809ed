package ovs

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/ovs/pipeline"
)

// counters returns the exact counters of a switch.
func counters(t *testing.T, s *Switch) map[pipeline.Cookie]Counter {
	t.Helper()
	c, err := s.Counters(t.Context(), true)
	check(t, err)
	return c
}

func TestRealCounters(t *testing.T) {
	p := runningPair(t)
	const size = 14 + 20 + 8 + 56
	route := remoteRoute(1, 0)
	in := pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(label(1, 1, false)))
	send := func(packets, total uint64) {
		t.Helper()
		for range packets / 5 {
			if _, err := ping(p.hosts["a1"], "5", remote(2, 0)); err != nil {
				t.Fatal(err)
			}
		}
		got := counters(t, p.r1.sw)
		if want := (Counter{Packets: total, Bytes: total * size}); got[route] != want {
			t.Errorf("route: %+v, want %+v", got[route], want)
		}
		if want := (Counter{Packets: total, Bytes: total * (size + 4)}); got[in] != want {
			t.Errorf("label: %+v, want %+v", got[in], want)
		}
		some := []pipeline.Cookie{route}
		for i := range uint64(1000) { // more than are asked for at once
			some = append(some, pipeline.NewCookie(pipeline.KindRoute, 1, i))
		}
		alone, err := p.r1.sw.CountersOf(t.Context(), append(some, in))
		check(t, err)
		if len(alone) != 2 || alone[route] != got[route] || alone[in] != got[in] {
			t.Errorf("by cookie: %+v", alone)
		}
	}
	send(20, 20)

	// The same flows again, the same routes with other actions, another next
	// hop: none of them resets the counters.
	check(t, p.r1.sw.Commit(t.Context(), p.r1.flows, nil))
	send(5, 25)
	check(t, p.r1.sw.Commit(t.Context(), pipeline.Route{
		ID: route.ID(), VRF: 1, Prefix: subnets(2)[0],
		To: pipeline.Forward{Adjacency: coreAdjacency, Label: label(2, 1, false)},
	}.Flows(), nil))
	send(5, 30)
	check(t, p.r1.sw.Commit(t.Context(), p.r1.hostAdjacency(1, false).Flows(), nil))
	check(t, p.r1.sw.Commit(t.Context(), p.r1.hostAdjacency(1, true).Flows(), nil))
	send(5, 35)

	for vrf, family := range map[int]int{1: 1, 2: 0} {
		if other := counters(t, p.r1.sw)[remoteRoute(vrf, family)]; other != (Counter{}) {
			t.Errorf("VRF %d, family %d: %+v, but nothing was sent there", vrf, family, other)
		}
	}
	stats, err := p.r1.sw.PortStats(t.Context())
	check(t, err)
	i := slices.IndexFunc(stats, func(s PortStats) bool { return s.Port == hostPort(1) })
	// The first reply after the last commit may still meet the datapath's flow of
	// the unresolved adjacency, which the switch revalidates a moment later.
	if i < 0 || stats[i].RxPackets < 35 || stats[i].TxPackets < 34 || stats[i].RxBytes < 35*size {
		t.Errorf("port statistics after 35 pings: %+v", stats)
	}
}

func TestRealAdjacencyMove(t *testing.T) {
	p := runningPair(t)
	c := newCapture(t, p.r2.ns, "eth1")
	moved := pipeline.Adjacency{
		ID: coreAdjacency, Port: corePort, Push: true, Resolved: true,
		SrcMAC: wanMAC(1), DstMAC: mac("02:00:00:99:99:99"),
	}
	check(t, p.r1.sw.Commit(t.Context(), moved.Flows(), nil))
	for family := range 2 {
		out := newCapture(t, p.hosts["a2"], "eth0")
		out.send(t, p.hosts["a2"], "eth0", icmp(2, family, nth(subnets(2)[family], 2), 9, 1)...)
		found := c.next(t, "packet to the new MAC", func(p gopacket.Packet) bool { return p.Layer(layers.LayerTypeMPLS) != nil })
		if dst := found.LinkLayer().(*layers.Ethernet).DstMAC.String(); dst != moved.DstMAC.String() {
			t.Errorf("sent to %s", dst)
		}
	}
}

func TestRealFailSecure(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	p := newPair(t)
	c := newCapture(t, p.r1.ns, "eth1")
	out := newCapture(t, p.hosts["a1"], "eth0")
	ls := icmp(1, 0, nth(subnets(2)[0], 2), 64, 9)
	out.send(t, p.hosts["a1"], "eth0", ls...)

	// Once a later packet has arrived, the first one will not.
	p.program(t)
	if _, err := ping(p.hosts["a1"], "1", remote(2, 0)); err != nil {
		t.Error(err)
	}
	c.next(t, "ping", func(p gopacket.Packet) bool {
		if l, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok && l.Seq == 0 {
			t.Error("a bridge without flows forwarded")
		}
		return p.Layer(layers.LayerTypeMPLS) != nil
	})

	check(t, p.r1.sw.Commit(t.Context(), nil, p.r1.flows))
	left, err := p.r1.sw.Counters(t.Context(), false)
	check(t, err)
	if len(left) != 0 {
		t.Errorf("%d flows are left of %d removed", len(left), len(p.r1.flows))
	}
}

// If a label changes from transit to egress, its flows have the same cookie and
// a more specific match: removing the old ones keeps the new one.
func TestRealCommitIsStrict(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	s := startSwitch(t, newNamespace(t), Config{})
	transit := pipeline.InLabel{Label: 77, Swap: &pipeline.Swap{Label: 88, Adjacency: 1}}.Flows()
	egress := pipeline.InLabel{Label: 77, VRF: 1}.Flows()
	check(t, s.Commit(t.Context(), transit, nil))
	check(t, s.Commit(t.Context(), egress, transit))
	check(t, s.Commit(t.Context(), nil, transit))
	left, err := s.Counters(t.Context(), false)
	check(t, err)
	if _, ok := left[egress[0].Cookie]; !ok || len(left) != 1 {
		t.Errorf("flows left: %v", left)
	}

	// One invalid flow fails its whole bundle.
	wrong := pipeline.Flow{Table: pipeline.TableRoute, Cookie: 1, Match: "nw_dst=1.2.3.4", Actions: "nonsense"}
	if err := s.Commit(t.Context(), append(transit, wrong), nil); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("an invalid flow: %v", err)
	}
	left, err = s.Counters(t.Context(), false)
	check(t, err)
	if len(left) != 1 {
		t.Errorf("flows after a refused bundle: %v", left)
	}
}

// What does not fit into a bundle is changed all the same, in the order of the change, and a
// refused flow has its name in the error.
func TestRealManyFlows(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	s := startSwitch(t, newNamespace(t), Config{})
	many := routes(2*portionSize + bundleSize)
	check(t, s.Commit(t.Context(), many, nil))
	n := func() int {
		left, err := s.Counters(t.Context(), false)
		check(t, err)
		return len(left)
	}
	if n() != len(many) {
		t.Errorf("%d flows of %d", n(), len(many))
	}
	check(t, s.Commit(t.Context(), many[:portionSize+1], many[portionSize:]))
	if n() != portionSize {
		t.Errorf("%d flows, want those that were not removed after they were added", n())
	}
	wrong := slices.Clone(many)
	wrong[portionSize+2].Actions = "output:70000"
	err := s.Commit(t.Context(), wrong, nil)
	if err == nil || !strings.Contains(err.Error(), wrong[portionSize+2].Match) {
		t.Errorf("a refused flow among many: %v", err)
	}
}

// The socket of a port whose interface was recreated stays with the old one,
// without an error.
func TestRealPortsMadeAgain(t *testing.T) {
	p := runningPair(t)
	old, err := p.r1.ns.links.LinkByName("eth1")
	check(t, err)
	check(t, p.r1.ns.links.LinkDel(old))
	wire(t, p.r1.ns, "eth1", "02:00:00:04:01:00", p.r2.ns, "eth1", "02:00:00:04:02:00", 1600)
	// Open vSwitch takes a new interface down if it is quick enough to see it before
	// it is up.
	made, err := p.r1.ns.links.LinkByName("eth1")
	check(t, err)
	check(t, p.r1.ns.links.LinkSetDown(made))
	for _, r := range []*testRouter{p.r1, p.r2} {
		check(t, r.sw.ApplyBridge(t.Context(), Bridge{Ports: r.ports}))
	}
	if _, err := ping(p.hosts["a1"], "2", remote(2, 0)); err != nil {
		t.Error(err)
	}
}

func TestRealApplyBridge(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	far := newNamespace(t)
	s := startSwitch(t, ns, Config{ExternalIDs: map[string]string{"lab": `a "b", c=d:e`}})
	ctx := t.Context()
	apply := func(ports ...Port) error { return s.ApplyBridge(ctx, Bridge{Ports: ports}) }
	has := func(want ...uint32) {
		t.Helper()
		stats, err := s.PortStats(ctx)
		check(t, err)
		var got []uint32
		for _, p := range stats {
			got = append(got, p.Port)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("ports %v, want %v", got, want)
		}
	}
	wire(t, ns, "w1", "02:00:00:00:00:01", far, "w1", "02:00:00:00:01:01", 1500)
	wire(t, ns, "w2", "02:00:00:00:00:02", far, "w2", "02:00:00:00:01:02", 1500)
	one, two := Port{Number: 1, Name: "w1"}, Port{Number: 2, Name: "w2"}
	internal := Port{Number: 3, Name: "i3", Internal: true, MAC: mac("02:00:00:00:00:03"), MTU: 1400}

	check(t, apply(one, internal))
	has(1, 3)
	one.Number, two.Number = 2, 1
	internal.MAC, internal.MTU = mac("02:00:00:00:00:33"), 1300
	check(t, apply(two, one, internal))
	has(1, 2, 3)
	l, err := ns.links.LinkByName("i3")
	check(t, err)
	if got := l.Attrs(); got.MTU != 1300 || got.HardwareAddr.String() != internal.MAC.String() {
		t.Errorf("internal port: MTU %d, MAC %s", got.MTU, got.HardwareAddr)
	}

	err = apply(one, Port{Number: 9, Name: "nowhere"})
	if err == nil || !strings.Contains(err.Error(), "port nowhere: ") || !strings.Contains(err.Error(), "No such device") {
		t.Errorf("a port without an interface: %v", err)
	}
	has(2)
	check(t, apply())
	has()

	out, err := s.daemons.tools.vsctl(ctx, "get", "Open_vSwitch", ".", "external_ids:lab")
	check(t, err)
	if got := strings.TrimSpace(string(out)); got != `"a \"b\", c=d:e"` {
		t.Errorf("external ID %s", got)
	}
}

// eventually polls a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s", patience, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
