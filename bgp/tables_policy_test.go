package bgp

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// chain is one policy of some terms.
func chain(terms ...policy.Term) *policy.Chain {
	return &policy.Chain{AS: 65001, Policies: []policy.Policy{{Name: "p", Terms: terms}}}
}

// to is a match of one prefix, and of what it contains.
func to(prefix string) policy.Match {
	r, err := policy.ParsePrefixRange(prefix)
	if err != nil {
		panic(err)
	}
	return policy.Match{Prefixes: policy.PrefixList{r}}
}

// view is what a VRF has to a prefix, best first.
func view(t *Tables, vrf, prefix string) (out []string) {
	for _, e := range t.Paths(vrf, netip.MustParsePrefix(prefix)) {
		s := e.Reason
		if e.Best {
			s = "best: " + s
		}
		if e.Route.Unusable != "" {
			s += ", " + e.Route.Unusable
		}
		for _, step := range e.ChangedBy() {
			s += ", changed by " + step.String()
		}
		out = append(out, s)
	}
	return out
}

func TestImportPolicy(t *testing.T) {
	near, far := received(1, "65001:9", "10.0.0.0/8", "65001:1"), received(2, "65001:9", "10.0.0.0/8", "65001:1")
	far.ASPath = Sequence(65002, 65003) // near wins
	of := func(peer byte) policy.Match {
		path := "^65002$"
		if peer == 2 {
			path = "_65003$"
		}
		a, _ := policy.ParseASPathPattern(path)
		return policy.Match{ASPath: []policy.ASPathPattern{a}}
	}
	num := uint32(200)
	other := netip.MustParseAddr("192.0.2.77")
	for name, tt := range map[string]struct {
		policy *policy.Chain
		want   []string
	}{
		"none":             {nil, []string{"best: AS Path", "AS Path"}},
		"one rejected":     {chain(policy.Term{Match: of(1), Then: policy.Reject}), []string{"best: Reachable Next Hop", "Import Policy, rejected by policy p, term 1"}},
		"all rejected":     {chain(policy.Term{Then: policy.Reject}), []string{"Import Policy, rejected by policy p, term 1", "Import Policy, rejected by policy p, term 1"}},
		"local preference": {chain(policy.Term{Match: of(2), Set: policy.Set{LocalPref: &num}}), []string{"best: Local Pref, changed by policy p, term 1", "Local Pref"}},
		"weight": {chain(policy.Term{Match: of(1), Set: policy.Set{LocalPref: &num}}, policy.Term{Match: of(2), Set: policy.Set{Weight: &num}}),
			[]string{"best: Weight, changed by policy p, term 2", "Weight, changed by policy p, term 1"}},
		"next hop that nobody has": {chain(policy.Term{Match: of(1), Set: policy.Set{NextHop: other}}), []string{"best: Reachable Next Hop", "Unreachable Next Hop, changed by policy p, term 1"}},
	} {
		tables := NewTables([]VRF{testVRF(1, "red", []string{"65001:1"}, nil)})
		tables.SetNextHop(hopA, true, 0)
		tables.Update(near)
		tables.Update(far)
		red := testVRF(1, "red", []string{"65001:1"}, nil)
		red.ImportPolicy = tt.policy
		setVRFs(tables, []VRF{red})
		if got := view(tables, "red", "10.0.0.0/8"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		setVRFs(tables, []VRF{testVRF(1, "red", []string{"65001:1"}, nil)})
		if got := view(tables, "red", "10.0.0.0/8"); !slices.Equal(got, []string{"best: AS Path", "AS Path"}) {
			t.Errorf("%s, removed again: %q", name, got)
		}
		if hops := tables.NextHops(); len(hops) != 1 {
			t.Errorf("%s, removed again: next hops %v", name, hops)
		}
	}
}

// The next hop that a policy sets is watched, and comes and goes.
func TestImportPolicyNextHop(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.77")
	red := testVRF(1, "red", []string{"65001:1"}, nil)
	red.ImportPolicy = chain(policy.Term{Set: policy.Set{NextHop: other}})
	tables := NewTables([]VRF{red, testVRF(2, "blue", []string{"65001:1"}, nil)})
	tables.SetNextHop(hopA, true, 0)
	r := received(1, "65001:9", "10.0.0.0/8", "65001:1")
	tables.Update(r)
	if usable, watched := tables.NextHops()[other]; !watched || usable {
		t.Errorf("the next hop of the policy: watched %t, usable %t", watched, usable)
	}
	for _, up := range []bool{true, false, true} {
		changes := tables.SetNextHop(other, up, 0)
		best := bestAt(tables, "red", r.Prefix)
		if len(changes) != 1 || changes[0].VRF != "red" || (best != nil) != up || up && best.Route.NextHop != other {
			t.Errorf("up %t: %+v, best %+v", up, changes, best)
		}
	}
	if best := bestAt(tables, "blue", r.Prefix); best == nil || best.Route.NextHop != hopA {
		t.Errorf("the other VRF's best is %+v", best)
	}
	tables.Withdraw(r.Key())
	if hops := tables.NextHops(); len(hops) != 0 {
		t.Errorf("next hops %v after the withdrawal", hops)
	}
}

// What leaves a VRF does so as its export policy says, also to other VRFs of the
// router; in the VRF itself it is as it was.
func TestExportPolicy(t *testing.T) {
	red, blue := testVRF(1, "red", nil, []string{"65001:1"}), testVRF(2, "blue", []string{"65001:1"}, nil)
	green := testVRF(3, "green", []string{"65001:3"}, nil)
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	num := uint32(7)
	local := LocalRoute{Prefix: prefix, Source: Static, NextHop: netip.MustParseAddr("10.9.0.2"), Label: 1000}
	for name, tt := range map[string]struct {
		policy      *policy.Chain
		blue, green bool
	}{
		"none":             {nil, true, false},
		"rejected":         {chain(policy.Term{Match: to("10.0.0.0/8"), Then: policy.Reject}), false, false},
		"another one":      {chain(policy.Term{Match: to("11.0.0.0/8"), Then: policy.Reject}), true, false},
		"one target more":  {chain(policy.Term{Set: policy.Set{RTs: policy.Edit[vpn.RouteTarget, vpn.RouteTarget]{Add: []vpn.RouteTarget{mustRT("65001:3")}}}}), true, true},
		"another target":   {chain(policy.Term{Set: policy.Set{RTs: policy.Edit[vpn.RouteTarget, vpn.RouteTarget]{Replace: []vpn.RouteTarget{mustRT("65001:3")}}}}), false, true},
		"another next hop": {chain(policy.Term{Set: policy.Set{MED: &num, NextHop: hopA}}), true, false},
	} {
		for _, early := range []bool{true, false} {
			tables := NewTables([]VRF{red, blue, green})
			out := red
			out.ExportPolicy = tt.policy
			if early {
				tables.SetVRFs([]VRF{out, blue, green})
			}
			tables.SetLocal("red", local)
			if !early {
				setVRFs(tables, []VRF{out, blue, green})
			}
			own := bestAt(tables, "red", prefix)
			if own == nil || own.Route.MED != nil || !slices.Equal(own.Route.Targets, red.Export) {
				t.Errorf("%s: in its own VRF it is %+v", name, own)
			}
			for vrf, want := range map[string]bool{"blue": tt.blue, "green": tt.green} {
				best := bestAt(tables, vrf, prefix)
				if (best != nil) != want || best != nil && best.Route.NextHop != local.NextHop {
					t.Errorf("%s, early %t: VRF %s has %+v", name, early, vrf, best)
				}
			}
			setVRFs(tables, []VRF{red, blue, green})
			if bestAt(tables, "blue", prefix) == nil || bestAt(tables, "green", prefix) != nil {
				t.Errorf("%s: removed again, it still counts", name)
			}
			if tables.RemoveLocal("red", local); len(tables.Routes("blue"))+len(tables.Routes("green"))+len(tables.Routes("red")) > 0 {
				t.Errorf("%s: the route is gone, and stands in a VRF", name)
			}
		}
	}
}

// VRFs whose policies change under way come to what they would be with the last
// ones from the begin.
func TestPoliciesInAnyOrder(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		bare, actions, detours := randomScenario(rnd)
		vrfs := withPolicies(rnd, bare)
		fresh, want := NewTables(vrfs), make(map[string][]Entry)
		for _, a := range actions {
			a(fresh)
		}
		for _, v := range vrfs {
			want[v.Name] = fresh.Routes(v.Name)
		}
		for range 4 {
			rnd.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
			others := slices.Clone(detours)
			for _, edited := range [][]VRF{bare, withPolicies(rnd, bare), withPolicies(rnd, bare)} {
				others = append(others, func(t *Tables) []Change { return setVRFs(t, edited) })
			}
			actions := append(slices.Clone(actions), func(t *Tables) []Change { return setVRFs(t, vrfs) })
			got, told := play(rnd, vrfs, actions, others)
			if diff := cmp.Diff(want, got, equalPlain); diff != "" {
				t.Fatalf("seed %d: another order, another outcome: %s", seed, diff)
			}
			maps.DeleteFunc(told, func(_ string, best map[netip.Prefix]*Path) bool { return len(best) == 0 })
			if diff := cmp.Diff(bestOf(got), told, equalPlain); diff != "" {
				t.Fatalf("seed %d: the changes do not add up: %s", seed, diff)
			}
		}
	}
}

// withPolicies gives some VRFs policies.
func withPolicies(rnd *rand.Rand, vrfs []VRF) []VRF {
	vrfs = slices.Clone(vrfs)
	random := func() *policy.Chain {
		if rnd.IntN(3) == 0 {
			return nil
		}
		c := chain()
		for range 1 + rnd.IntN(3) {
			n := uint32(rnd.IntN(3))
			term := policy.Term{
				Match: []policy.Match{{}, to("10.0.0.0/8 le 32"), to("10.1.0.0/16"), {RTs: []vpn.RouteTarget{mustRT("65001:1")}}}[rnd.IntN(4)],
				Set: []policy.Set{{}, {LocalPref: &n}, {Weight: &n}, {NextHop: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})}, {Prepend: policy.Prepend{Times: 1}},
					{RTs: policy.Edit[vpn.RouteTarget, vpn.RouteTarget]{Replace: []vpn.RouteTarget{mustRT("65001:2")}}}}[rnd.IntN(6)],
				Then: []policy.Action{policy.Accept, policy.Reject, policy.Next}[rnd.IntN(3)],
			}
			c.Policies[0].Terms = append(c.Policies[0].Terms, term)
		}
		return c
	}
	for i := range vrfs {
		vrfs[i].ImportPolicy, vrfs[i].ExportPolicy = random(), random()
	}
	return vrfs
}

// bestAt returns the best path to a prefix; nil where there is none.
func bestAt(t *Tables, vrf string, prefix netip.Prefix) *Path {
	for _, e := range t.Paths(vrf, prefix) {
		if e.Best {
			return &e.Path
		}
	}
	return nil
}
