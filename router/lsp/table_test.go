package lsp

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/transport"
	"pseudowan/router/vrf"
	"pseudowan/topology"
)

// said is what a Table has announced.
type said map[netip.Prefix]bgp.Route

func (s said) Announce(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		s[r.Prefix] = r
	}
	return nil
}

func (s said) Withdraw(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		delete(s, r.Prefix)
	}
	return nil
}

var (
	left, right = netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("192.168.2.2")
	me, far     = netip.MustParsePrefix("10.255.0.1/32"), netip.MustParsePrefix("10.255.0.4/32")
)

// router is a Table with two links, to left and right.
type router struct {
	*Table
	said
	links *transport.Links
	up    *kernel.Carriers
}

func newRouter(t *testing.T) router {
	t.Helper()
	log, f, carriers := slog.New(slog.DiscardHandler), fib.New(), kernel.NewCarriers()
	links := transport.New(log, f, carriers, func(int, netip.Addr, bool) error { return nil })
	vrfs := vrf.New(log, f, carriers, links, access.New(log, f))
	r := router{New(log, f, links, &vrfs.Labels), said{}, links, carriers}
	r.SetAnnouncer(r.said, nil)
	r.configure(t, 10, 10)
	for i, hop := range []netip.Addr{left, right} {
		r.cut(i, false)
		links.Hear(kernel.NeighborEvent{Link: 7 + i, Addr: hop, State: "reachable", MAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}})
	}
	return r
}

func (r router) configure(t *testing.T, metrics ...uint32) {
	t.Helper()
	cfg := config.Router{
		Labels:    vpn.LabelRange{First: 1000, Last: 1999},
		Transport: &config.Transport{Addresses: []netip.Addr{me.Addr()}, Labels: []vpn.Binding{{Label: 1000, Key: config.LoopbackLabel(far)}}},
	}
	for i, hop := range []netip.Addr{left, right} {
		cfg.Core = append(cfg.Core, config.Core{
			Port: uint32(1 + i), Name: fmt.Sprintf("eth%d", i), MAC: "02:00:00:00:00:01", MTU: 1512, Metric: metrics[i],
			Addresses: []netip.Prefix{netip.PrefixFrom(hop.Prev(), 30)},
		})
		cfg.Sessions = append(cfg.Sessions, topology.Session{Interface: cfg.Core[i].Name, PeerAddress: hop})
	}
	ports, err := transport.Ports(cfg.Core)
	if err != nil {
		t.Fatal(err)
	}
	ports[1].Index, ports[2].Index = 7, 8
	r.links.Configure(ports, 1500)
	if !r.labels.Keep(cfg) {
		if err := r.labels.Renew(cfg, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.Configure(cfg)
	r.turn()
}

// cut takes the carrier of a link, or gives it back.
func (r router) cut(link int, cut bool) {
	name := fmt.Sprintf("eth%d", link)
	r.up.Hear(kernel.LinkEvent{Name: name, Admin: true, Carrier: !cut})
	r.links.Carrier(name)
}

// turn does what the loop of a router does; it returns the next hops that changed.
func (r router) turn() (hops []netip.Addr) {
	for {
		changed := r.links.Changed()
		if len(changed) == 0 && !r.Pending() {
			break
		}
		hops = append(hops, slices.Collect(maps.Keys(changed))...)
		r.Follow(changed)
		r.Settle()
	}
	r.fib.RunAfter()
	return hops
}

func (r router) hears(from netip.Addr, to netip.Prefix, label vpn.Label, metric uint64, path ...string) {
	route := bgp.Route{Prefix: to, NextHop: from, Peer: from, PeerID: from, Label: label, IBGP: true, AIGP: &metric}
	for _, id := range path {
		route.ClusterList = append(route.ClusterList, netip.MustParseAddr(id))
	}
	r.Hear(bgp.RouteUpdate{Route: route})
}

// The shortest path is used and told on with the router's own label and metric; when its
// link is lost, the next one is, and the numbers of label and adjacency stay.
func TestPaths(t *testing.T) {
	r := newRouter(t)
	r.hears(left, far, 5003, 20, "10.255.0.11")
	r.hears(right, far, 6003, 10, "10.255.0.12")
	r.hears(right, me, 6000, 10)
	r.hears(right, netip.MustParsePrefix("10.0.0.0/8"), 6001, 0)
	check := func(what string, hop netip.Addr, out vpn.Label, metric uint64, backup netip.Addr) {
		t.Helper()
		p, ok := r.paths[far]
		var next netip.Addr
		if p.Backup != nil {
			next = p.Backup.Addr
		}
		if !ok || p.Addr != hop || p.Out != out || p.Metric != metric || p.In != 1000 || next != backup || len(r.paths) != 1 {
			t.Errorf("%s: %+v, %t, backup %v", what, p, ok, next)
		}
		said := r.said[far]
		if said.Label != 1000 || said.AIGP == nil || *said.AIGP != metric || said.OriginatorID != hop || len(said.ClusterList) != 1 {
			t.Errorf("%s: it says %+v", what, said)
		}
		to := r.Forward(far.Addr(), 77)
		if to.Adjacency != r.fib.LSPNumber(far.Addr()) || to.Label != 77 || to.MTU != 0 {
			t.Errorf("%s: %+v", what, to)
		}
	}
	if hops := r.turn(); !slices.Contains(hops, far.Addr()) {
		t.Errorf("next hops %v changed; want %s", hops, far)
	}
	check("two ways", right, 6003, 20, left)
	number := r.fib.LSPNumber(far.Addr())
	r.cut(1, true)
	r.turn()
	check("one is cut", left, 5003, 30, netip.Addr{})
	r.cut(1, false)
	r.turn()
	check("and back", right, 6003, 20, left)
	r.configure(t, 10, 30)
	check("the metric changes", left, 5003, 30, right)
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, Peer: left}, Withdrawn: true})
	r.turn()
	check("left takes it back", right, 6003, 40, netip.Addr{})
	if r.fib.LSPNumber(far.Addr()) != number {
		t.Error("the adjacency has another number now")
	}
	if own := r.said[me]; own.Label != pipeline.ImplicitNull || own.AIGP == nil || *own.AIGP != 0 {
		t.Errorf("it says of its own loopback: %+v", own)
	}
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, Peer: right}, Withdrawn: true})
	if hops := r.turn(); !slices.Contains(hops, far.Addr()) || r.Reaches(far.Addr()) || len(r.said) != 1 {
		t.Errorf("nobody has it: next hops %v changed, it says %v", hops, r.said)
	}
	for c := range r.fib.Flows() {
		if c.Kind() == pipeline.KindTransit || c.Kind() == pipeline.KindRoute || c.Kind() == pipeline.KindAdjacency {
			t.Errorf("flow %x is left", uint64(c))
		}
	}
}

// A route without a metric is used only if there is no other; one that cannot be used, or
// from somebody with whom there is no link of the core, is not.
func TestCandidates(t *testing.T) {
	r := newRouter(t)
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, NextHop: left, Peer: left, PeerID: left, Label: 5003}})
	r.turn()
	if p := r.paths[far]; p.Addr != left || p.Metric != NoMetric {
		t.Errorf("the only one: %+v", p)
	}
	r.hears(right, far, 6003, 1<<40)
	r.turn()
	if p := r.paths[far]; p.Addr != right {
		t.Errorf("one with a metric: %+v", p)
	}
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, NextHop: right, Peer: right, Unusable: "it carries 2 labels"}})
	r.hears(netip.MustParseAddr("192.168.9.9"), far, 1, 0)
	r.turn()
	if p := r.paths[far]; p.Addr != left || p.Backup != nil {
		t.Errorf("what is left: %+v", p)
	}
}

// A path whose link is cut takes its backup before anything is chosen again, and one
// without a backup is diverted; both go into the switch before all else.
func TestCutTakesBackups(t *testing.T) {
	r := newRouter(t)
	alone := netip.MustParsePrefix("10.255.0.5/32")
	r.hears(left, far, 5003, 10)
	r.hears(right, far, 6003, 20)
	r.hears(left, alone, 5005, 10)
	r.turn()
	for _, to := range []netip.Prefix{far, alone} {
		r.fib.SetRoute(fib.Key{VRF: 1, Prefix: to}, r.Forward(to.Addr(), 77))
	}
	r.Cut()
	if flows := r.fib.Urgent(); len(flows) > 0 {
		t.Errorf("without a cut: %v", flows)
	}
	r.cut(0, true)
	r.Cut()
	var ways []string
	for _, f := range r.fib.Urgent() {
		ways = append(ways, f.Actions)
	}
	if text := strings.Join(ways, "\n"); strings.Count(text, "output:2") != fib.LSPFlows || strings.Count(text, "drop") != fib.LSPFlows {
		t.Errorf("after the cut:\n%s", text)
	}
	r.turn()
	if p := r.paths[far]; p.Addr != right || p.Backup != nil {
		t.Errorf("chosen: %+v", p)
	}
	if _, ok := r.paths[alone]; ok {
		t.Error("there is a path without a link")
	}
}

// A path from another AS is told on with the ASes that it came through, and without an
// originator within this one (RFC 4456 section 8).
func TestPathFromAnotherAS(t *testing.T) {
	r := newRouter(t)
	metric, path := uint64(5), bgp.ASPath{{Kind: vpn.ASSequence, AS: []uint32{65002}}}
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, NextHop: left, Peer: left, PeerID: left, Label: 5003, AIGP: &metric, ASPath: path}})
	r.turn()
	if got := r.said[far]; !got.ASPath.Equal(path) || got.OriginatorID.IsValid() || *got.AIGP != 15 {
		t.Errorf("it says AS path %s, originator %s, metric %d", got.ASPath, got.OriginatorID, *got.AIGP)
	}
	longer := bgp.ASPath{{Kind: vpn.ASSequence, AS: []uint32{65003, 65002}}}
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, NextHop: left, Peer: left, PeerID: left, Label: 5003, AIGP: &metric, ASPath: longer}})
	r.Hear(bgp.RouteUpdate{Route: bgp.Route{Prefix: far, NextHop: right, Peer: right, PeerID: right, Label: 6003, AIGP: &metric, ASPath: path}})
	r.turn()
	if got := r.paths[far].Addr; got != right {
		t.Errorf("of two equally short ones, the path is that through more ASes, by %s", got)
	}
}

// Labels that are assigned anew go with their flows: the label that one path had may be
// that of another.
func TestLabelsAnew(t *testing.T) {
	r := newRouter(t)
	var others []netip.Prefix
	for i := range 8 {
		to := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 255, 1, byte(i)}), 32)
		others = append(others, to)
		r.hears(left, to, vpn.Label(5100+i), 10)
		r.turn()
	}
	r.Leave()
	cfg := config.Router{Labels: vpn.LabelRange{First: 1000, Last: 1999}}
	if err := r.labels.Renew(cfg, nil); err != nil {
		t.Fatal(err)
	}
	r.turn()
	for _, to := range others {
		in := pipeline.Transit{Label: uint32(r.paths[to].In), LSP: r.fib.LSPNumber(to.Addr())}
		for _, want := range in.Flows() {
			if !slices.Contains(slices.Collect(maps.Values(maps.Collect(r.fib.Flows()))), want) {
				t.Errorf("label %d of %s has no flow %v", in.Label, to, want)
			}
		}
	}
}
