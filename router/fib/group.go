package fib

import (
	"fmt"

	"pseudowan/ovs/pipeline"
)

// group is a set of equally good paths in the switch, shared by all routes with the
// same paths.
type group struct {
	pipeline.Group
	name  string
	users int // routes
}

// SpreadRoute programs a prefix with several equally good paths.
func (t *Table) SpreadRoute(key Key, paths []pipeline.Forward) {
	g := t.group(paths)
	if t.groupOf[key] != g {
		t.leaveGroup(key)
		g.users++
		t.groupOf[key] = g
	}
	t.putRoute(key, g.Spread())
}

func (t *Table) group(paths []pipeline.Forward) *group {
	name := fmt.Sprint(paths)
	g := t.groups[name]
	if g == nil {
		t.nextGroup++
		g = &group{Group: pipeline.Group{ID: t.nextGroup, Paths: paths}, name: name}
		t.groups[name] = g
		t.Set(g.Flows())
		numbers := make([]uint32, len(paths))
		for i, p := range paths {
			numbers[i] = p.Adjacency
		}
		t.lead(pipeline.NewCookie(pipeline.KindGroup, 0, uint64(g.ID)), numbers...)
	}
	return g
}

// leaveGroup removes a route from its group. A group without routes is removed.
func (t *Table) leaveGroup(key Key) {
	g := t.groupOf[key]
	if g == nil {
		return
	}
	delete(t.groupOf, key)
	if g.users--; g.users > 0 {
		return
	}
	delete(t.groups, g.name)
	t.unset(pipeline.NewCookie(pipeline.KindGroup, 0, uint64(g.ID)), len(g.Paths))
}
