package border

import (
	"context"
	"fmt"
	"log/slog"
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

var (
	inside, outside = netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("192.168.2.2")
	blue, red       = netip.MustParsePrefix("10.1.0.0/24"), netip.MustParsePrefix("10.2.0.0/24")
)

// said is what has been announced.
type said map[bgp.Key]bgp.Route

func (s said) Announce(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		s[r.Key()] = r
	}
	return nil
}

func (s said) Withdraw(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		delete(s, r.Key())
	}
	return nil
}

// router is a border router of AS 65001 with a link to a router of its AS and one to AS 65002.
type router struct {
	*Table
	said
	speech   *vrf.Speech
	carriers *kernel.Carriers
	cfg      config.Router
}

func newRouter(t *testing.T) router {
	t.Helper()
	log, f, carriers := slog.New(slog.DiscardHandler), fib.New(), kernel.NewCarriers()
	links := transport.New(log, f, carriers, func(int, netip.Addr, bool) error { return nil })
	vrfs := vrf.New(log, f, carriers, links, access.New(log, f))
	r := router{New(log, f, links, &vrfs.Labels), said{}, nil, carriers, config.Router{AS: 65001, Labels: vpn.LabelRange{First: 1000, Last: 1999}}}
	r.speech = vrf.NewSpeech(log, f, r.said, nil)
	r.SetSpeech(r.speech)
	for i, hop := range []netip.Addr{inside, outside} {
		name := []string{"eth0", "eth1"}[i]
		r.cfg.Core = append(r.cfg.Core, config.Core{
			Port: uint32(1 + i), Name: name, MAC: "02:00:00:00:00:01", MTU: 1512, Addresses: []netip.Prefix{netip.PrefixFrom(hop.Prev(), 30)},
		})
		r.cfg.Sessions = append(r.cfg.Sessions, topology.Session{Interface: name, PeerAddress: hop, PeerAS: uint32(65001 + i), Border: i == 1})
	}
	ports, err := transport.Ports(r.cfg.Core)
	if err != nil {
		t.Fatal(err)
	}
	ports[1].Index, ports[2].Index = 7, 8
	links.Configure(ports, 1500)
	if err := r.labels.Renew(r.cfg, nil); err != nil {
		t.Fatal(err)
	}
	r.Configure(r.cfg)
	for i, hop := range []netip.Addr{inside, outside} {
		r.carrier(i, true)
		links.Use(hop)
		links.Hear(kernel.NeighborEvent{Link: 7 + i, Addr: hop, State: "reachable", MAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}})
	}
	r.turn()
	return r
}

func (r router) carrier(link int, up bool) {
	name := []string{"eth0", "eth1"}[link]
	r.carriers.Hear(kernel.LinkEvent{Name: name, Admin: true, Carrier: up})
	r.links.Carrier(name)
}

func (r router) turn() {
	r.Follow(r.links.Changed())
	r.Settle()
	r.fib.RunAfter()
}

// route is a route of the peer inside or outside.
func route(rd string, to netip.Prefix, from netip.Addr, label vpn.Label) bgp.Route {
	d, err := vpn.ParseRD(rd)
	if err != nil {
		panic(err)
	}
	r := bgp.Route{RD: d, Prefix: to, Peer: from, PeerID: from, NextHop: from, Label: label, IBGP: from == inside, PeerAS: 65001}
	if from == outside {
		r.PeerAS, r.ASPath = 65002, bgp.ASPath{{Kind: vpn.ASSequence, AS: []uint32{65002}}}
	}
	return r
}

func (r router) hears(routes ...bgp.Route) {
	for _, route := range routes {
		r.Hear(bgp.RouteUpdate{Route: route})
	}
	r.turn()
}

func (r router) loses(route bgp.Route) {
	r.Hear(bgp.RouteUpdate{Route: route, Withdrawn: true})
	r.turn()
}

// swaps lists the flows that swap labels.
func (r router) swaps() (list []string) {
	for c, f := range r.fib.Flows() {
		if c.Kind() == pipeline.KindTransit && !strings.Contains(f.Match, "mpls_ttl") {
			list = append(list, f.Match+" "+f.Actions)
		}
	}
	slices.Sort(list)
	return list
}

// told returns what has been announced of a route.
func (r router) told(t *testing.T, of bgp.Route) bgp.Route {
	t.Helper()
	for key, got := range r.said {
		if key.RD == of.RD && key.Prefix == of.Prefix {
			return got
		}
	}
	t.Fatalf("%s of %s is not told on", of.Prefix, of.RD)
	return bgp.Route{}
}

// Routes of one VPN that another also has, with an equal label, get labels of their own.
func TestEachRouteHasItsOwnLabel(t *testing.T) {
	r := newRouter(t)
	a, b, in := route("65002:1", blue, outside, 500), route("65002:2", blue, outside, 500), route("65001:1", red, inside, 500)
	r.hears(a, b, in)
	labels := map[vpn.Label]bool{}
	for _, of := range []bgp.Route{a, b, in} {
		got := r.told(t, of)
		labels[got.Label] = true
		if want := map[bool]bgp.Audience{false: bgp.ToPass, true: bgp.ToEdge}[of.IBGP]; got.To != want || got.NextHop.IsValid() {
			t.Errorf("%s is for audience %d with next hop %s", of.RD, got.To, got.NextHop)
		}
	}
	if len(labels) != 3 || len(r.swaps()) != 3 {
		t.Errorf("labels %v, flows %q", labels, r.swaps())
	}
	for _, f := range r.swaps() {
		if !strings.Contains(f, "mpls_bos=1") || !strings.Contains(f, "set_field:500->mpls_label") {
			t.Errorf("flow %q", f)
		}
	}
}

// A withdrawn route's label stands for nothing, and is not soon another's.
func TestWithdrawnLabelRests(t *testing.T) {
	r := newRouter(t)
	a, b := route("65002:1", blue, outside, 500), route("65002:2", red, outside, 501)
	r.hears(a)
	had := r.told(t, a).Label
	r.loses(a)
	if len(r.said) != 0 || len(r.swaps()) != 0 || len(r.heard)+len(r.hops)+len(r.passed) != 0 {
		t.Errorf("after the withdrawal: told %v, flows %q", r.said, r.swaps())
	}
	r.hears(b)
	if got := r.told(t, b).Label; got == had {
		t.Errorf("label %d, just withdrawn, is another route's", got)
	}
}

// While a next hop cannot be used, what leads there is not told on; the label stays when only
// the label of the next hop changes.
func TestFollowsNextHopAndLabel(t *testing.T) {
	r := newRouter(t)
	a := route("65002:1", blue, outside, 500)
	r.hears(a)
	had := r.told(t, a).Label
	a.Label = 501
	r.hears(a)
	if got := r.told(t, a).Label; got != had || len(r.swaps()) != 1 || !strings.Contains(r.swaps()[0], "set_field:501") {
		t.Errorf("label %d, before %d; flows %q", got, had, r.swaps())
	}
	r.carrier(1, false)
	r.turn()
	if len(r.said) != 0 || len(r.swaps()) != 0 {
		t.Errorf("the link is down: told %v, flows %q", r.said, r.swaps())
	}
	r.carrier(1, true)
	r.turn()
	r.told(t, a)
}

// Reserved labels, and routes of external peers at no border, are not told on.
func TestNotToldOn(t *testing.T) {
	r := newRouter(t)
	odd, foreign := route("65002:1", blue, outside, 3), route("65003:1", blue, inside, 500)
	foreign.IBGP, foreign.PeerAS = false, 65003
	unusable := route("65002:3", blue, outside, 500)
	unusable.Unusable = "its AS path is a loop"
	r.hears(odd, foreign, unusable)
	if len(r.said) != 0 || len(r.swaps()) != 0 {
		t.Errorf("told %v, flows %q", r.said, r.swaps())
	}
}

// What the router announces itself stands before what another says of the same destination,
// before and after.
func TestOwnRoutesStandBefore(t *testing.T) {
	r := newRouter(t)
	theirs := route("65001:9", blue, outside, 500)
	key := bgp.Key{RD: theirs.RD, Prefix: blue}
	own := bgp.Route{RD: theirs.RD, Prefix: blue, Label: 77}
	r.hears(theirs)
	r.speech.Announce(key, own)
	r.turn()
	if got := r.told(t, theirs).Label; got != 77 {
		t.Errorf("label %d is announced instead of the router's own", got)
	}
	theirs.Label = 501
	r.hears(theirs)
	if got := r.told(t, theirs).Label; got != 77 {
		t.Errorf("then label %d is", got)
	}
	r.speech.Withdraw(key)
	r.turn()
	if got := r.told(t, theirs).Label; got == 77 {
		t.Error("the router's own route is gone, and still announced")
	}
}

// A router that is no border router any more tells nothing on.
func TestNoBorderAnyMore(t *testing.T) {
	r := newRouter(t)
	r.hears(route("65002:1", blue, outside, 500))
	cfg := r.cfg
	cfg.Sessions = slices.Clone(cfg.Sessions)
	cfg.Sessions[1].Border = false
	r.Configure(cfg)
	r.turn()
	if len(r.said) != 0 || len(r.swaps()) != 0 {
		t.Errorf("told %v, flows %q", r.said, r.swaps())
	}
}

// Labels that are assigned anew go with their flows: the label that one route had may be
// that of another.
func TestLabelsAnew(t *testing.T) {
	r := newRouter(t)
	routes := map[vpn.Label]bgp.Route{}
	for i := range vpn.Label(8) {
		a := route("65002:1", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 3, byte(i), 0}), 24), outside, 500+i)
		routes[a.Label] = a
		r.hears(a)
	}
	r.Leave()
	if len(r.said) != 0 || len(r.swaps()) != 0 {
		t.Errorf("told %v, flows %q", r.said, r.swaps())
	}
	if err := r.labels.Renew(r.cfg, nil); err != nil {
		t.Fatal(err)
	}
	r.turn()
	for out, a := range routes {
		want := fmt.Sprintf("mpls_label=%d,", r.told(t, a).Label)
		if !slices.ContainsFunc(r.swaps(), func(f string) bool {
			return strings.Contains(f, want) && strings.Contains(f, fmt.Sprintf("set_field:%d->mpls_label", out))
		}) {
			t.Errorf("%s is told on with %s no flow: %q", a.Prefix, want, r.swaps())
		}
	}
}

// Routes of others leave labels for the router's own; that there is none for some is said
// once, and those that have one keep it.
func TestLabelsRunOut(t *testing.T) {
	r := newRouter(t)
	var lines strings.Builder
	r.log = slog.New(slog.NewTextHandler(&lines, nil))
	r.cfg.Labels = vpn.LabelRange{First: 1000, Last: 1015}
	if err := r.labels.Renew(r.cfg, nil); err != nil {
		t.Fatal(err)
	}
	hear := func(from, to int) {
		for i := from; i < to; i++ {
			r.Hear(bgp.RouteUpdate{Route: route("65002:1", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 3, byte(i), 0}), 24), outside, vpn.Label(500+i))})
		}
		r.turn()
	}
	hear(0, 20)
	hear(20, 40)
	hear(0, 40)
	if len(r.said) != 12 || strings.Count(lines.String(), "\n") != 1 || !strings.Contains(lines.String(), "routes=8 ") {
		t.Errorf("%d routes are told on; log:\n%s", len(r.said), lines.String())
	}
}
