package bgp

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/vpn"
)

// action is a change of tables.
type action func(*Tables) []Change

// TestOrderDoesNotMatter applies random routes, local routes, next hops and VRFs in
// random orders, with detours, and compares the outcome. The reported changes must
// add up to it.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		vrfs, actions, detours := randomScenario(rnd)
		var want map[string][]Entry
		for range 4 {
			rnd.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
			got, told := play(rnd, vrfs, actions, detours)
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got, equalPlain); diff != "" {
				t.Fatalf("seed %d: another order, another outcome: %s", seed, diff)
			}
			if diff := cmp.Diff(bestOf(got), told, equalPlain); diff != "" {
				t.Fatalf("seed %d: the changes do not add up: %s", seed, diff)
			}
		}
	}
}

// play runs the actions, some of them after a detour, and returns the tables and
// the best paths according to the changes.
func play(rnd *rand.Rand, vrfs []VRF, actions, detours []action) (map[string][]Entry, map[string]map[netip.Prefix]*Path) {
	tables := NewTables(nil)
	told := make(map[string]map[netip.Prefix]*Path)
	follow := func(changes []Change) {
		for _, c := range changes {
			if told[c.VRF] == nil {
				told[c.VRF] = make(map[netip.Prefix]*Path)
			}
			if !cmp.Equal(told[c.VRF][c.Prefix], c.Old, equalPlain) {
				panic(fmt.Sprintf("change of %s %s from %v, the last change was to %v", c.VRF, c.Prefix, c.Old, told[c.VRF][c.Prefix]))
			}
			if told[c.VRF][c.Prefix] = c.New; c.New == nil {
				delete(told[c.VRF], c.Prefix)
			}
		}
	}
	late := rnd.IntN(len(actions))
	follow(setVRFs(tables, vrfs[:rnd.IntN(len(vrfs)+1)]))
	var local []action
	for i, a := range actions {
		if i == late {
			follow(setVRFs(tables, vrfs))
		}
		if len(detours) > 0 && rnd.IntN(3) == 0 {
			follow(detours[rnd.IntN(len(detours))](tables))
		}
		follow(a(tables))
		local = append(local, a)
	}
	// Actions on VRFs that did not exist yet, and those undone by detours.
	for _, a := range local {
		follow(a(tables))
	}
	got := make(map[string][]Entry)
	for _, v := range vrfs {
		got[v.Name] = tables.Routes(v.Name)
	}
	return got, told
}

func bestOf(tables map[string][]Entry) map[string]map[netip.Prefix]*Path {
	best := make(map[string]map[netip.Prefix]*Path)
	for name, entries := range tables {
		for _, e := range entries {
			if !e.Best {
				continue
			}
			if best[name] == nil {
				best[name] = make(map[netip.Prefix]*Path)
			}
			p := e.Path
			best[name][p.Route.Prefix] = &p
		}
	}
	return best
}

func randomScenario(rnd *rand.Rand) (vrfs []VRF, actions, detours []action) {
	target := func() string { return fmt.Sprintf("65001:%d", rnd.IntN(4)) }
	prefix := func() string {
		return []string{"10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"}[rnd.IntN(3)]
	}
	for i := range 4 {
		vrfs = append(vrfs, testVRF(uint32(i), fmt.Sprintf("v%d", i), []string{target(), target()}, []string{target()}))
	}
	seen := make(map[Key]bool)
	for range 12 {
		r := received(byte(1+rnd.IntN(3)), fmt.Sprintf("65001:%d", rnd.IntN(3)), prefix(), target(), target())
		r.ASPath = Sequence(uint32(65002+rnd.IntN(2)), 7)
		r.IBGP = rnd.IntN(2) == 0
		r.Origin = Origin(rnd.IntN(2))
		r.NextHop = netip.AddrFrom4([4]byte{192, 0, 2, byte(rnd.IntN(3))})
		if rnd.IntN(2) == 0 {
			r.MED = ptr(uint32(rnd.IntN(3)))
		}
		if rnd.IntN(8) == 0 {
			r.Label = 3
		}
		other := r
		other.MED, other.LocalPref, other.Targets = ptr(7), ptr(200), []vpn.RouteTarget{mustRT(target())}
		if seen[r.Key()] {
			continue
		}
		seen[r.Key()] = true
		actions = append(actions, func(t *Tables) []Change { return t.Update(r) })
		detours = append(detours,
			func(t *Tables) []Change { return t.Update(other) },
			func(t *Tables) []Change { return t.Withdraw(r.Key()) })
	}
	for i := range 2 {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		metric := uint64(rnd.IntN(3))
		actions = append(actions, func(t *Tables) []Change { return t.SetNextHop(addr, true, metric) })
		detours = append(detours, func(t *Tables) []Change { return t.SetNextHop(addr, metric == 1, 7) })
	}
	for i := range 3 {
		vrf, local := vrfs[i].Name, LocalRoute{Prefix: netip.MustParsePrefix(prefix()), Source: Source(rnd.IntN(2)), Label: 1000}
		actions = append(actions, func(t *Tables) []Change { return t.SetLocal(vrf, local) })
		detours = append(detours, func(t *Tables) []Change { return t.RemoveLocal(vrf, local) })
	}
	return vrfs, actions, detours
}
