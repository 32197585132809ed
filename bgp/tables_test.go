package bgp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/vpn"
)

var hopA = netip.MustParseAddr("192.0.2.1")

// equalPlain lets cmp compare the types of package vpn.
var equalPlain = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}, vpn.RD{}, vpn.RouteTarget{}),
	cmpopts.EquateEmpty(),
}

func testVRF(id uint32, name string, imports, exports []string) VRF {
	v := VRF{ID: id, Name: name, RD: mustRD(fmt.Sprintf("65001:%d", id))}
	for _, s := range imports {
		v.Import = append(v.Import, mustRT(s))
	}
	for _, s := range exports {
		v.Export = append(v.Export, mustRT(s))
	}
	return v
}

// received returns a route from a peer whose address and identifier end in n.
func received(n byte, rd, prefix string, targets ...string) Route {
	r := Route{
		RD: mustRD(rd), Prefix: netip.MustParsePrefix(prefix), NextHop: hopA, Label: 2000,
		Peer: netip.AddrFrom4([4]byte{192, 0, 2, n}), PeerID: netip.AddrFrom4([4]byte{10, 0, 0, n}),
		PeerAS: 65002, ASPath: Sequence(65002),
	}
	for _, t := range targets {
		r.Targets = append(r.Targets, mustRT(t))
	}
	return r
}

// changed returns a change of a prefix's only best path.
func changed(vrf string, prefix netip.Prefix, old, now *Path) Change {
	return Change{VRF: vrf, Prefix: prefix, Old: old, New: now}
}

func ptr(v uint32) *uint32 { return &v }

func oneVRF(routes ...Route) *Tables {
	t := NewTables([]VRF{testVRF(1, "red", []string{"65001:1"}, []string{"65001:1"})})
	t.SetNextHop(hopA, true, 0)
	for _, r := range routes {
		t.Update(r)
	}
	return t
}

func TestBestPathReasons(t *testing.T) {
	base := func(n byte) Route { return received(n, fmt.Sprintf("65001:%d", n), "10.0.0.0/8", "65001:1") }
	with := func(n byte, change func(*Route)) Route {
		r := base(n)
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		routes []Route
		best   int
		reason string
	}{
		"only path":          {[]Route{base(1)}, 0, reasonOnlyPath},
		"next hop":           {[]Route{with(1, func(r *Route) { r.NextHop = netip.MustParseAddr("192.0.2.77") }), base(2)}, 1, reasonReachable},
		"label 3":            {[]Route{with(1, func(r *Route) { r.Label = 3 }), base(2)}, 1, reasonReachable},
		"local pref":         {[]Route{base(1), with(2, func(r *Route) { r.LocalPref = ptr(101) })}, 1, reasonLocalPref},
		"default local pref": {[]Route{base(1), with(2, func(r *Route) { r.LocalPref = ptr(99) })}, 0, reasonLocalPref},
		"as path":            {[]Route{with(1, func(r *Route) { r.ASPath = Sequence(65002, 65003) }), base(2)}, 1, reasonASPath},
		"set counts one": {[]Route{
			with(1, func(r *Route) { r.ASPath = Sequence(65002, 65003) }),
			with(2, func(r *Route) { r.ASPath = ASPath{{Kind: ASSet, AS: []uint32{1, 2, 3}}} }),
		}, 1, reasonASPath},
		"origin":      {[]Route{with(1, func(r *Route) { r.Origin = OriginIncomplete }), with(2, func(r *Route) { r.Origin = OriginEGP })}, 1, reasonOrigin},
		"med":         {[]Route{with(1, func(r *Route) { r.MED = ptr(1) }), base(2)}, 1, reasonMED},
		"med, two AS": {[]Route{with(1, func(r *Route) { r.MED = ptr(9) }), with(2, func(r *Route) { r.ASPath = Sequence(65003) })}, 0, reasonRouterID},
		"external":    {[]Route{with(1, func(r *Route) { r.IBGP = true }), base(2)}, 1, reasonASN},
		"router id":   {[]Route{base(2), base(1)}, 1, reasonRouterID},
		"originator":  {[]Route{base(1), with(2, func(r *Route) { r.OriginatorID = netip.MustParseAddr("1.1.1.1") })}, 1, reasonRouterID},
		"cluster list": {[]Route{
			with(1, func(r *Route) { r.PeerID = hopA; r.ClusterList = []netip.Addr{hopA} }),
			with(2, func(r *Route) { r.PeerID = hopA }),
		}, 1, reasonClusterList},
		"peer address": {[]Route{with(2, func(r *Route) { r.PeerID = hopA }), with(1, func(r *Route) { r.PeerID = hopA })}, 1, reasonPeerAddress},
		"rd":           {[]Route{with(1, func(r *Route) { r.RD = mustRD("65001:9") }), base(1)}, 1, reasonRD},
		"of ours":      {[]Route{base(1), with(2, func(r *Route) { r.Peer = netip.Addr{} })}, 1, reasonLocalOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			tables := oneVRF(test.routes...)
			entries := tables.Routes("red")
			if len(entries) != len(test.routes) {
				t.Fatalf("%d entries, want %d", len(entries), len(test.routes))
			}
			first := entries[0]
			if !first.Best || first.Reason != test.reason || first.Route.Key() != test.routes[test.best].Key() {
				t.Errorf("best is %v by %q (best %t), want %v by %q",
					first.Route.Key(), first.Reason, first.Best, test.routes[test.best].Key(), test.reason)
			}
			for _, e := range entries[1:] {
				want := test.reason
				if e.Route.Label == 3 {
					want = reasonLabel
				} else if e.Route.NextHop != hopA {
					want = reasonUnreachable
				}
				if e.Best || e.Reason != want {
					t.Errorf("%v: best %t by %q, want a loser by %q", e.Route.Key(), e.Best, e.Reason, want)
				}
			}
		})
	}
}

func TestUnusableRoutesAreKept(t *testing.T) {
	for _, label := range []vpn.Label{0, 3} {
		r := received(1, "65001:1", "10.0.0.0/8", "65001:1")
		r.Label = label
		tables := oneVRF()
		if changes := tables.Update(r); changes != nil {
			t.Errorf("label %d: changes %v", label, changes)
		}
		entries := tables.Routes("red")
		if len(entries) != 1 || entries[0].Best || entries[0].Reason != reasonLabel {
			t.Errorf("label %d: %+v", label, entries)
		}
	}
}

func TestNextHopDecides(t *testing.T) {
	tables := NewTables([]VRF{testVRF(1, "red", []string{"65001:1"}, nil)})
	r := received(1, "65001:1", "2001:db8::/32", "65001:1")
	if changes := tables.Update(r); changes != nil {
		t.Errorf("a route with an unknown next hop changed %v", changes)
	}
	if got := tables.NextHops(); !cmp.Equal(got, map[netip.Addr]bool{hopA: false}, equalPlain) {
		t.Errorf("next hops %v", got)
	}
	up := tables.SetNextHop(hopA, true, 0)
	want := []Change{{VRF: "red", Prefix: r.Prefix, New: &Path{Source: BGP, Route: r}}}
	if diff := cmp.Diff(want, up, equalPlain); diff != "" {
		t.Error("next hop up:", diff)
	}
	down := tables.SetNextHop(hopA, false, 0)
	want = []Change{{VRF: "red", Prefix: r.Prefix, Old: &Path{Source: BGP, Route: r}}}
	if diff := cmp.Diff(want, down, equalPlain); diff != "" {
		t.Error("next hop down:", diff)
	}
	tables.Withdraw(r.Key())
	if got := tables.NextHops(); len(got) != 0 {
		t.Errorf("next hops after the last route: %v", got)
	}
}

func TestLocalRoutes(t *testing.T) {
	red := testVRF(1, "red", []string{"65001:1", "65001:2"}, []string{"65001:1"})
	blue := testVRF(2, "blue", []string{"65001:2"}, []string{"65001:2"})
	tables := NewTables([]VRF{red, blue})
	tables.SetNextHop(hopA, true, 0)
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	bgp := received(1, "65001:9", "10.0.0.0/8", "65001:1")
	tables.Update(bgp)

	static := LocalRoute{Prefix: prefix, Source: Static, NextHop: netip.MustParseAddr("10.9.9.9"), Label: 1001}
	connected := LocalRoute{Prefix: prefix, Source: Connected, Label: 1000}
	path := func(v VRF, r LocalRoute) *Path {
		return &Path{Source: r.Source, VRF: v.Name, Route: Route{RD: v.RD, Prefix: r.Prefix, NextHop: r.NextHop, Label: r.Label, Targets: v.Export}}
	}
	check := func(what string, got []Change, want ...Change) {
		t.Helper()
		if diff := cmp.Diff(want, got, equalPlain); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	// Blue's route is imported by red, where it beats the received one.
	check("static in blue", tables.SetLocal("blue", static),
		changed("blue", prefix, nil, path(blue, static)),
		changed("red", prefix, &Path{Source: BGP, Route: bgp}, path(blue, static)))
	// Red's own routes beat what it imports.
	check("static in red", tables.SetLocal("red", static), changed("red", prefix, path(blue, static), path(red, static)))
	check("connected in blue", tables.SetLocal("blue", connected), changed("blue", prefix, path(blue, static), path(blue, connected)))
	check("connected in red", tables.SetLocal("red", connected), changed("red", prefix, path(red, static), path(red, connected)))
	check("the same again", tables.SetLocal("red", connected))
	check("another label", tables.SetLocal("red", LocalRoute{Prefix: prefix, Source: Connected, Label: 1007}),
		changed("red", prefix, path(red, connected), path(red, LocalRoute{Prefix: prefix, Source: Connected, Label: 1007})))
	if got := tables.Routes("red")[0].Reason; got != reasonLocalOrigin {
		t.Errorf("reason %q", got)
	}
	check("removed", tables.RemoveLocal("red", connected),
		changed("red", prefix, path(red, LocalRoute{Prefix: prefix, Source: Connected, Label: 1007}), path(red, static)))
	check("removed twice", tables.RemoveLocal("red", connected))
	check("unknown VRF", tables.SetLocal("green", connected))

	// The routes of a removed VRF are removed everywhere.
	check("blue removed", setVRFs(tables, []VRF{red}), changed("blue", prefix, path(blue, connected), nil))
	check("red's last own", tables.RemoveLocal("red", static), changed("red", prefix, path(red, static), &Path{Source: BGP, Route: bgp}))
}

// A private route stays in its VRF, however its targets change, and leaves the
// others when it becomes private.
func TestPrivateRoutesStay(t *testing.T) {
	red := testVRF(1, "red", []string{"65001:1"}, []string{"65001:1"})
	blue := testVRF(2, "blue", []string{"65001:1", "65001:2"}, []string{"65001:2"})
	tables := NewTables([]VRF{red, blue})
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	static := LocalRoute{Prefix: prefix, Source: Static, NextHop: netip.MustParseAddr("10.9.9.9"), Label: 1001}
	has := func(what string, vrf string, want bool) {
		t.Helper()
		if got := bestPath(tables, vrf, prefix) != nil; got != want {
			t.Errorf("%s: %s has it: %t", what, vrf, got)
		}
	}
	tables.SetLocal("red", static)
	has("exported", "blue", true)
	static.Private = true
	tables.SetLocal("red", static)
	has("private", "red", true)
	has("private", "blue", false)
	red.Export = []vpn.RouteTarget{mustRT("65001:2")}
	tables.SetVRFs([]VRF{red, blue})
	has("private with other targets", "red", true)
	has("private with other targets", "blue", false)
	static.Private = false
	tables.SetLocal("red", static)
	has("exported again", "blue", true)
}

func TestLateVRFsAndEditedTargets(t *testing.T) {
	r := received(1, "65001:9", "10.0.0.0/8", "65001:1", "65001:2")
	tables := NewTables(nil)
	tables.SetNextHop(hopA, true, 0)
	tables.Update(r)
	best := &Path{Source: BGP, Route: r}
	red := testVRF(1, "red", []string{"65001:1"}, nil)
	steps := []struct {
		what string
		vrfs []VRF
		want []Change
	}{
		{"late VRF", []VRF{red}, []Change{changed("red", r.Prefix, nil, best)}},
		{"nothing new", []VRF{red}, nil},
		{"second VRF", []VRF{red, testVRF(2, "blue", []string{"65001:2"}, nil)}, []Change{changed("blue", r.Prefix, nil, best)}},
		{"other targets", []VRF{red, testVRF(2, "blue", []string{"65001:3"}, nil)}, []Change{changed("blue", r.Prefix, best, nil)}},
		{"none", nil, []Change{changed("red", r.Prefix, best, nil)}},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, setVRFs(tables, s.vrfs), equalPlain); diff != "" {
			t.Errorf("%s: %s", s.what, diff)
		}
	}
}

// manyRoutes returns routes to n prefixes, spread over ten targets.
func manyRoutes(n int) []Route {
	routes := make([]Route, 0, n)
	for i := range n {
		r := received(byte(1+i%200), "65001:1", "10.0.0.0/8", fmt.Sprintf("65001:%d", i%10))
		r.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		routes = append(routes, r)
	}
	return routes
}

func tenVRFs() []VRF {
	var vrfs []VRF
	for i := range 10 {
		rt := fmt.Sprintf("65001:%d", i)
		vrfs = append(vrfs, testVRF(uint32(i), "v"+rt, []string{rt}, []string{rt}))
	}
	return vrfs
}

func TestChangesAreSorted(t *testing.T) {
	tables := NewTables(tenVRFs())
	for _, r := range manyRoutes(1000) {
		tables.Update(r)
	}
	changes := tables.SetNextHop(hopA, true, 0)
	sorted := slices.IsSortedFunc(changes, func(a, b Change) int {
		if a.VRF != b.VRF {
			return slices.Compare([]byte(a.VRF), []byte(b.VRF))
		}
		return a.Prefix.Addr().Compare(b.Prefix.Addr())
	})
	if len(changes) != 1000 || !sorted {
		t.Errorf("%d changes, sorted %t", len(changes), sorted)
	}
}

func BenchmarkTables100k(b *testing.B) {
	routes := manyRoutes(100_000)
	for b.Loop() {
		tables := NewTables(tenVRFs())
		tables.SetNextHop(hopA, true, 0)
		for _, r := range routes {
			if len(tables.Update(r)) != 1 {
				b.Fatal("no change")
			}
		}
	}
	b.ReportMetric(float64(b.N*len(routes))/b.Elapsed().Seconds(), "routes/s")
}

func BenchmarkNextHopOf100k(b *testing.B) {
	tables := NewTables(tenVRFs())
	for _, r := range manyRoutes(100_000) {
		tables.Update(r)
	}
	up := false
	for b.Loop() {
		up = !up
		if len(tables.SetNextHop(hopA, up, 0)) != 100_000 {
			b.Fatal("not all changed")
		}
	}
}

// bestPath returns the best path to a prefix in a VRF, or nil.
func bestPath(t *Tables, vrf string, prefix netip.Prefix) *Path {
	if all := t.Paths(vrf, prefix); len(all) > 0 && all[0].Best {
		return &all[0].Path
	}
	return nil
}

// setVRFs changes the VRFs and compares the best paths with those before.
func setVRFs(t *Tables, vrfs []VRF) []Change {
	before := maps.Clone(t.vrfs)
	t.SetVRFs(vrfs)
	names := maps.Clone(before)
	maps.Copy(names, t.vrfs)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var was, is map[netip.Prefix]*destination
		if v := before[name]; v != nil {
			was = v.prefixes
		}
		if v := t.vrfs[name]; v != nil {
			is = v.prefixes
		}
		first := len(changes)
		for prefix, d := range is {
			if old := was[prefix].chosen(); !old.equal(d.choice) {
				changes = append(changes, changeFrom(name, prefix, old, d.choice))
			}
		}
		for prefix, d := range was {
			if is[prefix] == nil && d.best != nil {
				changes = append(changes, changeFrom(name, prefix, d.choice, choice{}))
			}
		}
		slices.SortFunc(changes[first:], func(a, b Change) int { return comparePrefix(a.Prefix, b.Prefix) })
	}
	return changes
}

func (d *destination) chosen() choice {
	if d == nil {
		return choice{}
	}
	return d.choice
}
