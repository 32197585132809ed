package edit

import (
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// batch is what the edits so far have done that the topology, as it was read last, lacks.
// It is read again only when the next edit could see that: a batch of thousands of new
// hosts and routes is then read once.
type batch struct {
	stale  bool // VRFs, hosts or attachments differ
	routes map[routed][]Edit
	hosts  map[string]int // that were added, by which edit
}

// routed is what routes are told apart by, except for their next hops.
type routed struct {
	vrf    string
	prefix netip.Prefix
}

// hides reports whether an edit would not see what earlier ones have done.
func (b *batch) hides(f *file, t *topology.Topology, e Edit) bool {
	if k, v := kindOf(e.Op); k != nil && v == adds { // one that was deleted exists no longer
		return b.stale && slices.Contains(k.names(t), e.Name) && !f.has(k.section, e.Name)
	}
	if e.Op == RouteAdd || e.Op == RouteDel {
		return b.stale || slices.ContainsFunc(b.routes[routed{e.Name, e.Prefix}], func(x Edit) bool {
			return x.NextHop == e.NextHop || !x.NextHop.IsValid() || !e.NextHop.IsValid()
		})
	}
	return b.stale && !(e.Op == HostAttach && f.severalAttached(e.Name))
}

// severalAttached reports whether the file has several attachments of a host: a further one
// then depends on nothing else.
func (f *file) severalAttached(host string) bool {
	_, hosts := find(f.top, "hosts")
	if hosts == nil {
		return false
	}
	_, h := find(hosts, host)
	if h == nil {
		return false
	}
	_, list := find(h, "attach")
	return list != nil && list.Kind == yaml.SequenceNode && len(list.Content) > 1
}

// done notes an edit.
func (b *batch) done(e Edit, at int) {
	if e.Op == HostAdd {
		b.hosts[e.Name] = at
	}
	if e.Op != RouteAdd && e.Op != RouteDel {
		b.stale = true
		return
	}
	if b.routes == nil {
		b.routes = map[routed][]Edit{}
	}
	same := routed{e.Name, e.Prefix}
	b.routes[same] = append(b.routes[same], e)
}

// addsFirst returns an order of edits in which what is added comes before the routes that
// are added after it, one run of additions after another: all routes of a run are then
// found in a topology that is read once. It is nil if that is the order that they have.
func addsFirst(edits []Edit) []int {
	var order, routes []int
	moved := false
	for i, e := range edits {
		k, v := kindOf(e.Op)
		switch {
		case e.Op == RouteAdd:
			routes = append(routes, i)
			continue
		case k != nil && v == adds:
			moved = moved || len(routes) > 0
		default:
			order, routes = append(order, routes...), nil
		}
		order = append(order, i)
	}
	if !moved {
		return nil
	}
	return append(order, routes...)
}

// tooEarly reports whether an edit that comes after the present one adds a host.
func (b *batch) tooEarly(host string, now int) bool {
	at, added := b.hosts[host]
	return added && at > now
}
