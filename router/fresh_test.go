package router

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/topology"
)

// An edited router equals, flow by flow and word by word, a router that is started
// with the same configuration. The edits are as hostile as a plan could ever be:
// numbers of VRFs, ports and labels pass at once from one thing to another.
func TestEditedEqualsFresh(t *testing.T) {
	const seeds, edits = 80, 12
	for seed := range uint64(seeds) {
		g := &configs{Rand: rand.New(rand.NewPCG(seed, 7))}
		w := g.world()
		cfg := g.config()
		r, s := started(t, w, cfg)
		var steps []string
		for range edits {
			cfg = g.edit(cfg, &steps)
			w.change(g)
			w.tell(r)
			reconfigure(t, r, cfg)
			w.tellHosts(r)
			r.settled(t, s)
			fresh, other := started(t, w, cfg)
			onlyLed(t, r)
			if diff := cmp.Diff(stateOf(fresh, other), stateOf(r, s)); diff != "" {
				t.Fatalf("seed %d: after %s (-fresh +edited):\n%s", seed, strings.Join(steps, "; "), diff)
			}
		}
	}
}

// started returns a router that was started with a configuration in a world.
func started(t *testing.T, w *world, cfg config.Router) (*loop, *surroundings) {
	t.Helper()
	r, s := alone(cfg)
	w.tell(r)
	reconfigure(t, r, cfg)
	w.tell(r)
	w.tellHosts(r)
	r.settled(t, s)
	return r, s
}

func reconfigure(t *testing.T, r *loop, cfg config.Router) {
	t.Helper()
	next, err := read(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for n, p := range next.core {
		p.Index = int(n)
	}
	if _, err := r.configure(next); err != nil {
		t.Fatal(err)
	}
}

// world is what surrounds a router: carriers, neighbours, and other routers' routes.
type world struct {
	down   map[string]bool
	silent map[netip.Addr]bool
	routes map[bgp.Key]bgp.Route
	gone   map[bgp.Key]bool
	turns  *rand.Rand
}

var (
	vrfNames   = []string{"red", "blue", "green", "grey"}
	rtNames    = []string{"1:1", "1:2", "1:3", "2:1"}
	nextHops   = []string{"192.168.1.2", "192.168.1.3", "192.168.2.2"}
	interfaces = []string{"eth1", "eth2", "eth5", "eth6", "eth7", "eth8"}
)

func (g *configs) world() *world {
	w := &world{turns: rand.New(rand.NewPCG(1, 2)), down: map[string]bool{}, silent: map[netip.Addr]bool{}, routes: map[bgp.Key]bgp.Route{}, gone: map[bgp.Key]bool{}}
	for range 6 {
		w.change(g)
	}
	return w
}

// change changes one or two things.
func (w *world) change(g *configs) {
	name := pickOf(g, interfaces)
	w.down[name] = g.IntN(4) == 0
	hop := netip.MustParseAddr(pickOf(g, nextHops))
	w.silent[hop] = g.IntN(4) == 0
	prefix := netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/%d", 1+g.IntN(3), g.IntN(3), []int{16, 24}[g.IntN(2)])).Masked()
	peer := netip.MustParseAddr(pickOf(g, nextHops))
	route := bgp.Route{
		RD: rd(fmt.Sprintf("2:%d", 1+g.IntN(2))), Prefix: prefix, NextHop: hop, Peer: peer, PeerID: peer, IBGP: true,
		Label: vpn.Label(2000 + g.IntN(5)), Targets: targets(pickOf(g, rtNames)),
	}
	w.routes[route.Key()], w.gone[route.Key()] = route, g.IntN(4) == 0
}

// onlyLed fails if there is an adjacency to which nothing leads.
func onlyLed(t *testing.T, r *loop) {
	t.Helper()
	led := map[uint32]bool{}
	for c, f := range r.fib.Flows() {
		if c.Kind() != pipeline.KindAdjacency {
			for _, found := range loadsAdjacency.FindAllString(f.Actions, -1) {
				led[numberIn(found)] = true
			}
		}
	}
	for hop := range r.fib.NextHops() {
		if !led[r.fib.Adjacency(hop, nil, nil)] {
			t.Errorf("nothing leads to adjacency %+v", hop)
		}
	}
}

// tell tells a router everything that does not depend on its configuration.
func (w *world) tell(r *loop) {
	g := w.turns
	for _, name := range interfaces {
		r.link(kernel.LinkEvent{Name: name, Admin: true, Carrier: !w.down[name]})
	}
	if g.IntN(2) == 0 {
		r.settle() // a turn may end anywhere
	}
	for i, hop := range nextHops {
		link, state, mac := firstLink, "reachable", byte(0x20+i)
		if i == 2 {
			link = secondLink
		}
		if w.silent[netip.MustParseAddr(hop)] {
			state, mac = kernel.Failed, 0
		}
		r.neighborIs(link, hop, state, mac)
	}
	for key, route := range w.routes {
		r.bgpEvents([]bgp.Event{bgp.RouteUpdate{Route: route, Withdrawn: w.gone[key]}})
		if g.IntN(4) == 0 {
			r.settle()
		}
	}
}

// tellHosts tells a router about its customers.
func (w *world) tellHosts(r *loop) {
	for _, p := range r.ports.All() {
		if w.down[p.Name] {
			continue
		}
		for _, a := range append(p.Expect, p.Gateways[1].Addr().Next()) {
			r.customerIs(p.Port, a.String(), byte(0x40+p.Port))
		}
	}
}

// configs makes random configurations.
type configs struct{ *rand.Rand }

func pickOf[T any](g *configs, of []T) T { return of[g.IntN(len(of))] }

func (g *configs) config() config.Router {
	return config.Router{
		Router: "pe1", AS: 65000, RouterID: netip.MustParseAddr("10.0.0.1"), Labels: vpn.LabelRange{First: 1000, Last: 1999},
		Core: []config.Core{
			{Port: firstLink, Name: "eth1", BGPPort: 2, BGPName: "bgp-eth1", MAC: testMAC(1).String(), MTU: 1512, Addresses: prefixes("192.168.1.1/24")},
			{Port: secondLink, Name: "eth2", BGPPort: 4, BGPName: "bgp-eth2", MAC: testMAC(3).String(), MTU: 1400, Addresses: prefixes("192.168.2.1/24")},
		},
		VRFs: g.vrfs(), Access: nil, Policies: g.policies(),
	}
}

// edit returns another configuration, in which whole VRFs, ports or links differ.
func (g *configs) edit(c config.Router, steps *[]string) config.Router {
	c.Core, c.VRFs = slices.Clone(c.Core), slices.Clone(c.VRFs)
	switch g.IntN(6) {
	case 5:
		c.Policies = g.policies()
		*steps = append(*steps, "policies")
	case 0:
		c.Core[g.IntN(2)].MTU = []int{1400, 1512, 9000}[g.IntN(3)]
		*steps = append(*steps, "MTU of a link")
	case 1:
		c.Core[g.IntN(2)].MAC = testMAC(byte(0x60 + g.IntN(4))).String()
		*steps = append(*steps, "MAC of a link")
	case 2:
		c.Core[1].Addresses = prefixes([]string{"192.168.2.1/24", "192.168.3.1/24"}[g.IntN(2)])
		*steps = append(*steps, "address of a link")
	default:
		c.VRFs = g.vrfs()
		*steps = append(*steps, "VRFs")
	}
	c.Access = g.access(c.VRFs)
	g.bind(&c)
	return c
}

func (g *configs) vrfs() []config.VRF {
	var out []config.VRF
	ids, rds := g.Perm(5), g.Perm(5)
	for i, name := range vrfNames {
		if g.IntN(3) == 0 {
			continue
		}
		v := config.VRF{
			ID: uint32(1 + ids[i]), Name: name, RD: rd(fmt.Sprintf("1:%d", 1+rds[i])),
			Import: targets(pickOf(g, rtNames)), Export: targets(pickOf(g, rtNames)),
			LabelMode:             pickOf(g, []vpn.LabelMode{vpn.PerNextHop, vpn.PerVRF, vpn.PerPrefix}),
			RedistributeConnected: pickOf(g, []topology.Redistribute{topology.RedistributeHosts, topology.RedistributeNone, topology.RedistributeSubnets}),
			RedistributeStatic:    g.IntN(2) == 0,
			ImportPolicy:          g.some(policyNames), ExportPolicy: g.some(policyNames),
		}
		if g.IntN(2) == 0 {
			v.Import = append(v.Import, targets(pickOf(g, rtNames))...)
			slices.SortFunc(v.Import, vpn.RouteTarget.Compare)
			v.Import = slices.Compact(v.Import)
		}
		out = append(out, v)
	}
	return out
}

var policyNames = []string{"p1", "p2", "p3"}

// some returns none of a list, or some.
func (g *configs) some(of []string) []string {
	if g.IntN(2) == 0 {
		return nil
	}
	i := g.IntN(len(of))
	return of[i : i+1+g.IntN(len(of)-i)]
}

// policies returns policies that reject and change some routes.
func (g *configs) policies() []policy.Policy {
	var out []policy.Policy
	for _, name := range policyNames {
		p := policy.Policy{Name: name}
		for range g.IntN(3) {
			t := policy.Term{Then: pickOf(g, []policy.Action{policy.Accept, policy.Reject, policy.Next})}
			if g.IntN(3) > 0 {
				r, err := policy.ParsePrefixRange(pickOf(g, []string{"10.1.0.0/16 le 32", "10.0.0.0/8 ge 17 le 24", "10.9.0.0/16 le 24", "2001:db8::/32 le 128"}))
				if err != nil {
					panic(err)
				}
				t.Match.Prefixes = policy.PrefixList{r}
			}
			n := uint32(g.IntN(200))
			switch g.IntN(6) {
			case 0:
				t.Set.LocalPref = &n
			case 1:
				t.Set.Weight = &n
			case 2:
				t.Set.NextHop = netip.MustParseAddr(pickOf(g, nextHops))
			case 3:
				t.Set.RTs.Replace = targets(pickOf(g, rtNames))
			case 4:
				t.Set.RTs.Add = targets(pickOf(g, rtNames))
				t.Set.Prepend.Times = 1
			}
			p.Terms = append(p.Terms, t)
		}
		out = append(out, p)
	}
	return out
}

func (g *configs) access(vrfs []config.VRF) []config.Access {
	var out []config.Access
	if len(vrfs) == 0 {
		return nil
	}
	for i := range vrfs {
		vrfs[i].Statics = nil
	}
	for port := uint32(5); port <= 8; port++ {
		if g.IntN(4) == 0 {
			continue
		}
		v := &vrfs[g.IntN(len(vrfs))]
		subnet := g.IntN(3)
		a := config.Access{
			Port: port, Name: fmt.Sprintf("eth%d", port), VRF: v.Name, MAC: testMAC(byte(port)).String(),
			MTU: []int{1500, 1400}[g.IntN(2)], Host: fmt.Sprintf("h%d", port),
			// The ports of a VRF never share a subnet.
			Gateways: prefixes(fmt.Sprintf("10.1.%d.1/24", 10*port+uint32(subnet)), fmt.Sprintf("2001:db8:%d::1/64", port)),
		}
		host := a.Gateways[0].Addr().Next()
		if g.IntN(2) == 0 {
			host = host.Next()
		}
		a.Expect = []netip.Addr{host}
		if g.IntN(2) == 0 {
			v.Statics = append(v.Statics, config.Static{Prefix: netip.MustParsePrefix(fmt.Sprintf("10.9.%d.0/24", port)), NextHop: host, Port: port})
		}
		out = append(out, a)
	}
	return out
}

// bind assigns labels in random order to everything that can be announced.
func (g *configs) bind(c *config.Router) {
	next := vpn.Label(1000 + g.IntN(4))
	for i := range c.VRFs {
		v := &c.VRFs[i]
		v.Bindings = nil
		add := func(prefix netip.Prefix, nextHop netip.Addr) {
			key := v.LabelMode.KeyFor(v.Name, prefix, nextHop)
			if !slices.ContainsFunc(v.Bindings, func(b vpn.Binding) bool { return b.Key == key }) {
				v.Bindings = append(v.Bindings, vpn.Binding{Label: next, Key: key})
				next++
			}
		}
		for _, a := range c.Access {
			for _, gw := range a.Gateways {
				if a.VRF == v.Name {
					add(gw.Masked(), netip.Addr{})
					add(netip.PrefixFrom(gw.Addr().Next(), gw.Addr().BitLen()), netip.Addr{})
					add(netip.PrefixFrom(gw.Addr().Next().Next(), gw.Addr().BitLen()), netip.Addr{})
				}
			}
		}
		for _, s := range v.Statics {
			add(s.Prefix, s.NextHop)
		}
	}
}

var (
	loadsAdjacency = regexp.MustCompile(`reg1=(0x[0-9a-f]+)|set_field:(0x[0-9a-f]+)->reg[18]`)
	loadsGroup     = regexp.MustCompile(`reg5=(0x[0-9a-f]+)|set_field:(0x[0-9a-f]+)->reg5`)
)

// stateOf returns the whole state of a router, with the numbers of adjacencies and
// groups replaced by what they stand for.
func stateOf(r *loop, s *surroundings) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	adjacencies := func(text string) string {
		return loadsAdjacency.ReplaceAllStringFunc(text, func(found string) string {
			return numbered(found, func(n uint32) string {
				if hop, ok := r.fib.NextHop(n); ok {
					return fmt.Sprintf("<%+v>", hop)
				}
				return "<no adjacency>"
			})
		})
	}
	named := func(text string) string {
		text = adjacencies(text)
		return loadsGroup.ReplaceAllStringFunc(text, func(found string) string {
			return numbered(found, func(n uint32) string { return groupText(r, n, adjacencies) })
		})
	}
	for c, f := range r.fib.Flows() {
		add("flow %d table %d priority %d %s: %s", c.Kind(), f.Table, f.Priority, named(f.Match), named(f.Actions))
	}
	for key := range r.vrfs.AllBest() {
		add("best %v %+v of %d", key, r.vrfs.Best(key).Route, len(r.vrfs.Used(key)))
	}
	for key, route := range s.told {
		add("told %s %s", key, route)
	}
	for _, e := range r.ports.Entries() {
		add("neighbor %v %s wanted %v %v", e.Key, e.MAC, e.Wanted, r.ports.Idle(e.Key))
	}
	for _, v := range r.vrfs.VRFs() {
		for _, e := range r.vrfs.Routes(v.Name) {
			add("table %s %+v best %v %s", v.Name, e.Route, e.Best, e.Reason)
		}
		for _, b := range r.vrfs.Bindings(&v) {
			add("label %+v", b)
		}
	}
	slices.Sort(out)
	return out
}

// numbered replaces the number in a piece of a flow.
func numbered(found string, name func(uint32) string) string {
	return strings.Replace(found, digits.FindString(found), name(numberIn(found)), 1)
}

var digits = regexp.MustCompile(`0x[0-9a-f]+`)

func numberIn(found string) (n uint32) {
	fmt.Sscanf(digits.FindString(found), "0x%x", &n)
	return n &^ (1 << 31) // of a backup
}

// groupText returns the paths of a group, in their order.
func groupText(r *loop, id uint32, named func(string) string) string {
	ways := map[pipeline.Cookie]string{}
	for c, f := range r.fib.Flows() {
		if c.Kind() == pipeline.KindGroup && c.ID() == uint64(id) {
			ways[c] = named(f.Actions)
		}
	}
	var text []string
	for _, c := range slices.Sorted(maps.Keys(ways)) {
		text = append(text, ways[c])
	}
	return fmt.Sprintf("<%s>", strings.Join(text, " "))
}
