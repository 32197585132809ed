package router

import (
	"fmt"

	"pseudowan/ovs/pipeline"
)

// group is equally good ways in the switch. All routes that go the same ways
// share it.
type group struct {
	pipeline.Group
	name  string
	users int // routes
}

// spreadRoute programs a prefix with several equally good ways.
func (f *fib) spreadRoute(key routeKey, paths []pipeline.Forward) {
	g := f.group(paths)
	if f.groupOf[key] != g {
		f.leaveGroup(key)
		g.users++
		f.groupOf[key] = g
	}
	f.putRoute(key, g.Spread())
}

func (f *fib) group(paths []pipeline.Forward) *group {
	name := fmt.Sprint(paths)
	g := f.groups[name]
	if g == nil {
		f.nextGroup++
		g = &group{Group: pipeline.Group{ID: f.nextGroup, Paths: paths}, name: name}
		f.groups[name] = g
		f.set(g.Flows())
		numbers := make([]uint32, len(paths))
		for i, p := range paths {
			numbers[i] = p.Adjacency
		}
		f.lead(pipeline.NewCookie(pipeline.KindGroup, 0, uint64(g.ID)), numbers...)
	}
	return g
}

// leaveGroup tells that a route does not use its group any more; without
// routes it is removed.
func (f *fib) leaveGroup(key routeKey) {
	g := f.groupOf[key]
	if g == nil {
		return
	}
	delete(f.groupOf, key)
	if g.users--; g.users > 0 {
		return
	}
	delete(f.groups, g.name)
	f.unset(pipeline.NewCookie(pipeline.KindGroup, 0, uint64(g.ID)), len(g.Paths))
}
