package bgp

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// SetVRFs replaces the VRFs of the tables. New VRFs and changed targets import
// what has been received already. Local routes of a removed VRF are dropped. Names
// must be unique; the last of two equal ones counts. Changes are not reported:
// read the tables afterwards.
func (t *Tables) SetVRFs(vrfs []VRF) {
	wanted := make(map[string]VRF, len(vrfs))
	for _, v := range vrfs {
		wanted[v.Name] = v
	}
	before := t.vrfs
	affected := t.affected(wanted)
	otherwise := t.exportOtherwise(wanted)
	for name, old := range before {
		if affected[name] {
			t.unmapAll(old)
		}
	}
	t.vrfs = make(map[string]*vrfTable, len(wanted))
	for name, v := range wanted {
		if old := before[name]; old != nil && !affected[name] {
			limited := old.Limit != v.Limit
			old.VRF = v
			t.vrfs[name] = old
			if limited {
				old.limitTo(&t.chooser)
			}
			continue
		}
		t.vrfs[name] = &vrfTable{VRF: v, prefixes: make(map[netip.Prefix]*destination), mapped: make(map[*path]*path)}
	}
	t.importers = indexImporters(t.vrfs)
	t.relabelLocals(otherwise)
	t.fill(affected, before)
}

// affected returns the names of the VRFs whose tables must be rebuilt: those that
// are new, gone or import other targets, and those that have routes of a VRF whose
// exports change.
func (t *Tables) affected(wanted map[string]VRF) map[string]bool {
	names := make(map[string]bool)
	for from := range t.exportOtherwise(wanted) {
		if t.vrfs[from].ExportPolicy == nil && wanted[from].ExportPolicy == nil && slices.Equal(t.vrfs[from].Summaries, wanted[from].Summaries) {
			continue
		}
		for name := range wanted { // a policy may give any target
			names[name] = true
		}
		for name := range t.vrfs {
			names[name] = true
		}
		return names
	}
	moved := make(map[vpn.RouteTarget]bool) // targets that local routes gain or lose
	for name, v := range wanted {
		old := t.vrfs[name]
		if old == nil || !sameSet(old.Import, v.Import) || !sameChain(old.ImportPolicy, v.ImportPolicy) {
			names[name] = true
		}
		if old != nil && (old.RD != v.RD || !slices.Equal(old.Export, v.Export)) {
			names[name] = true
			mark(moved, old.Export, v.Export)
		}
	}
	for name, old := range t.vrfs {
		if _, stays := wanted[name]; !stays {
			names[name] = true
			mark(moved, old.Export)
		}
	}
	for name, v := range wanted {
		if slices.ContainsFunc(v.Import, func(target vpn.RouteTarget) bool { return moved[target] }) {
			names[name] = true
		}
	}
	return names
}

// exportOtherwise returns the VRFs whose routes leave them other than before, or
// not any more.
func (t *Tables) exportOtherwise(wanted map[string]VRF) map[string]bool {
	names := make(map[string]bool)
	for name, old := range t.vrfs {
		if v, stays := wanted[name]; !stays || !v.sameExports(&old.VRF) {
			names[name] = true
		}
	}
	return names
}

// relabelLocals gives local routes what their VRF, where it exports otherwise,
// gives to them now, and forgets those whose VRF is gone.
func (t *Tables) relabelLocals(otherwise map[string]bool) {
	for key, p := range t.locals {
		v := t.vrfs[key.vrf]
		switch {
		case v == nil:
			delete(t.locals, key)
		case otherwise[key.vrf]:
			t.locals[key] = p.moved(v)
		}
	}
}

// fill adds every path to the affected tables that have it.
func (t *Tables) fill(affected map[string]bool, before map[string]*vrfTable) {
	put := func(p *path) {
		for _, v := range t.holders(p) {
			if !affected[v.Name] {
				continue
			}
			p := t.standing(v, p)
			d := v.prefixes[p.Route.Prefix]
			if d == nil {
				d = &destination{}
				v.prefixes[p.Route.Prefix] = d
			}
			d.paths = append(d.paths, p)
		}
	}
	for _, p := range t.received {
		put(p)
	}
	for _, p := range t.locals {
		put(p)
	}
	for name := range affected {
		if v := t.vrfs[name]; v != nil {
			v.chooseAll(&t.chooser, before[name])
		}
	}
}

func mark(set map[vpn.RouteTarget]bool, lists ...[]vpn.RouteTarget) {
	for _, list := range lists {
		for _, target := range list {
			set[target] = true
		}
	}
}

func sameSet(a, b []vpn.RouteTarget) bool {
	contains := func(list []vpn.RouteTarget, in []vpn.RouteTarget) bool {
		return !slices.ContainsFunc(list, func(t vpn.RouteTarget) bool { return !slices.Contains(in, t) })
	}
	return contains(a, b) && contains(b, a)
}
