package bgp

import (
	"cmp"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// holders returns the VRFs that have a path, each once.
func (t *Tables) holders(p *path) []*vrfTable {
	var list []*vrfTable
	if own := t.vrfs[p.VRF]; p.VRF != "" && own != nil {
		list = append(list, own)
	}
	out := p.exported()
	if out == nil {
		return list
	}
	for _, target := range out.Route.Targets {
		for _, v := range t.importers[target] {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}

// replace replaces a path by another; either may be nil.
func (t *Tables) replace(old, p *path) []Change {
	b := t.newBatch()
	if old != nil {
		for _, v := range t.holders(old) {
			b.remove(v, old)
		}
	}
	if p != nil {
		for _, v := range t.holders(p) {
			b.add(v, p)
		}
	}
	return b.finish()
}

// batch collects the destinations that one call touches, with their previous best
// paths.
type batch struct {
	tables  *Tables
	touched map[*destination]struct{} // nil while the list is short
	list    []touched
}

type touched struct {
	vrf  *vrfTable
	dest *destination
	old  choice
	some *path // any path of the destination, for its prefix
}

// shortBatch is the length up to which a batch is searched without a map.
const shortBatch = 8

func (t *Tables) newBatch() *batch { return &batch{tables: t} }

// note records a destination before it changes.
func (b *batch) note(v *vrfTable, d *destination, p *path) {
	switch {
	case b.touched != nil:
		if _, ok := b.touched[d]; ok {
			return
		}
		b.touched[d] = struct{}{}
	case slices.ContainsFunc(b.list, func(t touched) bool { return t.dest == d }):
		return
	case len(b.list) == shortBatch:
		b.touched = map[*destination]struct{}{d: {}}
		for _, t := range b.list {
			b.touched[t.dest] = struct{}{}
		}
	}
	b.list = append(b.list, touched{vrf: v, dest: d, old: d.choice, some: p})
}

// add adds a path to a VRF.
func (b *batch) add(v *vrfTable, p *path) {
	p = b.tables.standing(v, p)
	d := v.prefixes[p.Route.Prefix]
	if d == nil {
		d = &destination{}
		v.prefixes[p.Route.Prefix] = d
	}
	b.note(v, d, p)
	d.paths = append(d.paths, p)
}

// remove removes a path from a VRF.
func (b *batch) remove(v *vrfTable, p *path) {
	from := p
	p = b.tables.standing(v, p)
	d := v.prefixes[p.Route.Prefix]
	if d == nil {
		return
	}
	b.note(v, d, p)
	if i := slices.Index(d.paths, p); i >= 0 {
		d.paths = slices.Delete(d.paths, i, i+1)
	}
	if p != from {
		b.tables.unmap(v, from.exported())
	}
}

// touch schedules a new choice in all VRFs that have the path.
func (b *batch) touch(p *path) {
	for _, v := range b.tables.holders(p) {
		if d := v.prefixes[p.Route.Prefix]; d != nil {
			b.note(v, d, p)
		}
	}
}

// finish chooses the best paths and returns what changed.
func (b *batch) finish() []Change {
	var changes []Change
	if slices.ContainsFunc(b.list, func(t touched) bool { return t.vrf.Limit.Max > 0 }) { // who gets the room follows from the batch alone
		slices.SortFunc(b.list, func(x, y touched) int { return comparePrefix(x.some.Route.Prefix, y.some.Route.Prefix) })
	}
	for _, t := range b.list {
		prefix := t.some.Route.Prefix
		t.vrf.choose(&b.tables.chooser, t.dest)
		if len(t.dest.paths) == 0 {
			delete(t.vrf.prefixes, prefix)
		}
		if !t.dest.choice.equal(t.old) {
			changes = append(changes, changeFrom(t.vrf.Name, prefix, t.old, t.dest.choice))
		}
	}
	changes = append(changes, b.heal()...)
	slices.SortFunc(changes, func(x, y Change) int {
		return cmp.Or(cmp.Compare(x.VRF, y.VRF), comparePrefix(x.Prefix, y.Prefix))
	})
	return changes
}

// heal takes into the touched VRFs what they have room for now. What the batch itself
// has just refused stays out: its change is none.
func (b *batch) heal() []Change {
	var changes []Change
	for _, t := range b.list {
		changes = append(changes, t.vrf.heal(&b.tables.chooser)...)
	}
	return changes
}

// changeFrom returns the difference between two choices.
func changeFrom(vrf string, prefix netip.Prefix, old, now choice) Change {
	c := Change{
		VRF: vrf, Prefix: prefix, Old: old.best.public(), New: now.best.public(),
		Backup: now.backup.public(), Quiet: now.forwardsAs(old),
	}
	for _, p := range now.spread {
		c.Spread = append(c.Spread, p.public())
	}
	return c
}

// entries returns the paths of the VRF with the outcome of the choice.
func (v *vrfTable) entries(c *chooser) []Entry {
	var list []Entry
	for _, d := range v.prefixes {
		list = append(list, c.entriesOf(v.Name, d)...)
	}
	return sortEntries(list)
}

// sortEntries sorts by prefix, the best paths first.
func sortEntries(list []Entry) []Entry {
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(
			comparePrefix(a.Route.Prefix, b.Route.Prefix),
			compareBool(b.Best, a.Best),
			comparePaths(&a.Path, &b.Path),
		)
	})
	return list
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// indexImporters lists for each target the VRFs that import it.
func indexImporters(vrfs map[string]*vrfTable) map[vpn.RouteTarget][]*vrfTable {
	index := make(map[vpn.RouteTarget][]*vrfTable)
	for _, v := range vrfs {
		for _, target := range v.Import {
			if !slices.Contains(index[target], v) {
				index[target] = append(index[target], v)
			}
		}
	}
	for _, list := range index {
		slices.SortFunc(list, func(a, b *vrfTable) int { return cmp.Compare(a.Name, b.Name) })
	}
	return index
}
