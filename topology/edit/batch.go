package edit

import (
	"net/netip"
	"slices"

	"pseudowan/topology"
)

// batch is what the edits so far have done that the topology, as it was read last, lacks.
// It is read again only when the next edit could see that: a batch of thousands of new
// hosts and routes is then read once.
type batch struct {
	stale  bool // VRFs, hosts or attachments differ
	routes map[routed][]Edit
}

// routed is what routes are told apart by, except for their next hops.
type routed struct {
	vrf    string
	prefix netip.Prefix
}

// hides reports whether an edit would not see what earlier ones have done.
func (b *batch) hides(f *file, t *topology.Topology, e Edit) bool {
	switch e.Op {
	case VRFAdd: // one that was deleted exists no longer
		return b.stale && hasVRF(t, e.Name) && !f.has("vrfs", e.Name)
	case HostAdd:
		return b.stale && hasHost(t, e.Name) && !f.has("hosts", e.Name)
	case RouteAdd, RouteDel:
		return b.stale || slices.ContainsFunc(b.routes[routed{e.Name, e.Prefix}], func(x Edit) bool {
			return x.NextHop == e.NextHop || !x.NextHop.IsValid() || !e.NextHop.IsValid()
		})
	}
	return b.stale
}

// done notes an edit.
func (b *batch) done(e Edit) {
	if e.Op != RouteAdd && e.Op != RouteDel {
		b.stale = true
		return
	}
	if b.routes == nil {
		b.routes = map[routed][]Edit{}
	}
	at := routed{e.Name, e.Prefix}
	b.routes[at] = append(b.routes[at], e)
}

// has reports whether a section of the file has a name.
func (f *file) has(section, name string) bool {
	_, all := find(f.top, section)
	if all == nil {
		return false
	}
	_, value := find(all, name)
	return value != nil
}

func hasHost(t *topology.Topology, name string) bool {
	return slices.ContainsFunc(t.Hosts, func(h topology.Host) bool { return h.Name == name })
}
