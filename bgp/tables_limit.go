package bgp

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
)

// admission is what the limit of a VRF makes of its routes. A prefix that comes when
// there is no room is refused as long as there is none: those that are refused come
// in in the order of their arrival. The VRF's own connected, static and aggregate
// routes are never refused.
type admission struct {
	held    int // prefixes with a best path
	refused int // prefixes that have none because there is no room
	waiting []*destination
	count   uint64 // of admissions
}

// Usage is the number of prefixes of a VRF that have a usable path, and of those that
// its limit keeps out.
type Usage struct{ Held, Refused int }

// Usage returns how far the limit of a VRF is used.
func (t *Tables) Usage(vrf string) Usage {
	v := t.vrfs[vrf]
	if v == nil {
		return Usage{}
	}
	return Usage{v.held, v.refused}
}

// choose chooses the best path of a destination, unless there is no room for it.
func (v *vrfTable) choose(c *chooser, d *destination) {
	d.choice = c.best(v.Name, d.paths)
	switch {
	case d.best == nil:
		v.leave(d)
	case d.admitted > 0:
	case v.Limit.Full(v.held) && !v.hasOwn(d):
		d.choice = choice{}
		v.refuse(d)
	default:
		v.admit(d)
	}
}

// hasOwn reports whether a destination has a path of the VRF itself.
func (v *vrfTable) hasOwn(d *destination) bool {
	return slices.ContainsFunc(d.paths, func(p *path) bool { return p.VRF == v.Name && p.Source != BGP })
}

func (v *vrfTable) admit(d *destination) {
	v.unrefuse(d)
	v.held++
	v.count++
	d.admitted = v.count
}

func (v *vrfTable) refuse(d *destination) {
	if !d.refused {
		d.refused = true
		v.refused++
		v.waiting = append(v.waiting, d)
	}
}

func (v *vrfTable) unrefuse(d *destination) {
	if !d.refused {
		return
	}
	d.refused = false
	v.refused--
	// Those that have left are not searched for until they are the most.
	if len(v.waiting) > 2*v.refused+shortBatch {
		v.waiting = slices.DeleteFunc(v.waiting, func(d *destination) bool { return !d.refused })
	}
}

// leave notes that a destination has no usable path.
func (v *vrfTable) leave(d *destination) {
	v.unrefuse(d)
	if d.admitted > 0 {
		d.admitted = 0
		v.held--
	}
}

// next returns a destination that was refused and for which there is room; nil if there
// is none.
func (v *vrfTable) next() *destination {
	for len(v.waiting) > 0 && !v.Limit.Full(v.held) {
		d := v.waiting[0]
		v.waiting = v.waiting[1:]
		if d.refused {
			return d
		}
	}
	return nil
}

// heal takes in what was refused, as far as there is room, and returns the changes.
func (v *vrfTable) heal(c *chooser) []Change {
	var changes []Change
	for d := v.next(); d != nil; d = v.next() {
		v.choose(c, d)
		changes = append(changes, changeFrom(v.Name, d.paths[0].Route.Prefix, choice{}, d.choice))
	}
	return changes
}

// limitTo changes the limit of a VRF whose table stays. What came last leaves first.
func (v *vrfTable) limitTo(c *chooser) {
	v.heal(c)
	if !v.Limit.Full(v.held - 1) {
		return
	}
	var list []*destination
	for _, d := range v.prefixes {
		if d.admitted > 0 && !v.hasOwn(d) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *destination) int { return cmp.Compare(a.admitted, b.admitted) })
	stay := max(0, len(list)-(v.held-int(v.Limit.Max)))
	waiting := v.waiting
	v.waiting = nil
	for _, d := range list[stay:] {
		v.leave(d)
		d.choice = choice{}
		v.refuse(d)
	}
	v.waiting = append(v.waiting, waiting...)
}

// chooseAll chooses the best paths of a table that is made anew: first for what was
// admitted to the one before it.
func (v *vrfTable) chooseAll(c *chooser, before *vrfTable) {
	if v.Limit.Max == 0 {
		for _, d := range v.prefixes {
			v.choose(c, d)
		}
		return
	}
	was := func(p netip.Prefix) uint64 {
		if before == nil || before.prefixes[p] == nil || before.prefixes[p].admitted == 0 {
			return math.MaxUint64
		}
		return before.prefixes[p].admitted
	}
	order := make([]netip.Prefix, 0, len(v.prefixes))
	for p := range v.prefixes {
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b netip.Prefix) int { return cmp.Or(cmp.Compare(was(a), was(b)), comparePrefix(a, b)) })
	for _, p := range order { // its own routes need no room that is left
		if d := v.prefixes[p]; v.hasOwn(d) {
			v.choose(c, d)
		}
	}
	for _, p := range order {
		if d := v.prefixes[p]; d.admitted == 0 {
			v.choose(c, d)
		}
	}
}
