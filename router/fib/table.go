package fib

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"unique"

	"pseudowan/ovs/pipeline"
)

// Table holds the wanted flows, and which of them the switch lacks. It is not safe
// for concurrent use.
type Table struct {
	flows  map[pipeline.Cookie]pipeline.Flow
	add    map[pipeline.Cookie]pipeline.Flow
	remove map[pipeline.Cookie]pipeline.Flow
	retire []pipeline.Flow // removed before add, which reuses their cookies with other matches
	after  []func()        // wait for everything pending now
	ready  []func()        // have waited for what the switch has by now
	called int             // functions in this turn, by Soon
	audits []func(int)     // wait for the number of corrected flows
	busy   bool            // a batch is being committed
	held   bool            // Take returns nothing before Release

	routes      map[Key]uint64 // numbers for cookies
	nextRoute   uint64
	adjacencies map[NextHop]uint32
	byNumber    map[uint32]NextHop
	nextNumber  uint32
	groups      map[string]*group // by their paths
	groupOf     map[Key]*group
	nextGroup   uint32
	leads       map[pipeline.Cookie][]uint32 // adjacencies to which a route, label or group leads
	users       map[uint32]int               // how many lead to an adjacency
	protected   map[uint32]int               // how many of these have another adjacency, too
	unresolved  map[uint32]bool              // adjacencies without a MAC
	cut         map[uint32]bool              // ports through which nothing gets
	failed      map[NextHop]bool             // next hops to which nothing gets
	urgent      []pipeline.Flow              // what must not wait, since the last Urgent
	pipe        bool                         // labels have a TTL of their own
}

// Key names a route: a prefix in a VRF.
type Key struct {
	VRF    uint32
	Prefix netip.Prefix
}

// NextHop names an adjacency: an address on a port. Push reports whether packets to
// it leave with a label. With LSP it is a router that a label-switched path leads to, and
// Port is 0.
type NextHop struct {
	Port uint32
	Addr netip.Addr
	Push bool
	LSP  bool
}

// New returns an empty table.
func New() *Table {
	return &Table{
		flows:       map[pipeline.Cookie]pipeline.Flow{},
		add:         map[pipeline.Cookie]pipeline.Flow{},
		remove:      map[pipeline.Cookie]pipeline.Flow{},
		routes:      map[Key]uint64{},
		adjacencies: map[NextHop]uint32{},
		byNumber:    map[uint32]NextHop{},
		groups:      map[string]*group{},
		groupOf:     map[Key]*group{},
		leads:       map[pipeline.Cookie][]uint32{},
		users:       map[uint32]int{},
		protected:   map[uint32]int{},
		unresolved:  map[uint32]bool{},
		cut:         map[uint32]bool{},
	}
}

// Set adds flows. Adding a flow again has no effect.
func (t *Table) Set(flows []pipeline.Flow) {
	for _, flow := range flows {
		was, there := t.flows[flow.Cookie]
		switch {
		case was == flow:
			continue
		case there && !sameMatch(was, flow):
			t.retire = append(t.retire, was)
		}
		if old, leaving := t.remove[flow.Cookie]; leaving && !sameMatch(old, flow) {
			t.retire = append(t.retire, old)
		}
		flow.Actions = unique.Make(flow.Actions).Value() // many routes lead to the same
		t.flows[flow.Cookie] = flow
		t.add[flow.Cookie] = flow
		delete(t.remove, flow.Cookie)
	}
}

// sameMatch reports whether b replaces a in the switch.
func sameMatch(a, b pipeline.Flow) bool {
	return a.Table == b.Table && a.Priority == b.Priority && a.Match == b.Match
}

// Replace replaces all flows of the given kinds.
func (t *Table) Replace(flows []pipeline.Flow, kinds ...pipeline.Kind) {
	t.Set(flows)
	want := map[pipeline.Cookie]bool{}
	for _, flow := range flows {
		want[flow.Cookie] = true
	}
	for c, flow := range t.flows {
		if !want[c] && slices.Contains(kinds, c.Kind()) {
			t.drop(c, flow)
			t.lead(c.Object())
		}
	}
}

// unset removes all flows of the object to which a cookie belongs.
func (t *Table) unset(object pipeline.Cookie, parts int) {
	for part := range parts {
		c := object | pipeline.Cookie(part)<<48
		if flow, ok := t.flows[c]; ok {
			t.drop(c, flow)
		}
	}
	t.lead(object)
}

func (t *Table) drop(c pipeline.Cookie, flow pipeline.Flow) {
	delete(t.flows, c)
	delete(t.add, c)
	t.remove[c] = flow
}

// SetLabel programs an incoming label.
func (t *Table) SetLabel(in pipeline.InLabel) {
	t.Set(in.Flows())
	t.lead(labelObject(in.Label), adjacencyOf(in)...)
}

// adjacencyOf returns the adjacency to which a label leads, if any.
func adjacencyOf(in pipeline.InLabel) []uint32 {
	switch {
	case in.Swap != nil:
		return []uint32{in.Swap.Adjacency}
	case in.Adjacency != 0:
		return []uint32{in.Adjacency}
	}
	return nil
}

// ReplaceLabels replaces all incoming labels.
func (t *Table) ReplaceLabels(labels []pipeline.InLabel) {
	for _, in := range labels { // their adjacencies may still belong to other labels
		t.hold(adjacencyOf(in))
	}
	var flows []pipeline.Flow
	for _, in := range labels {
		t.SetLabel(in)
		flows = append(flows, in.Flows()...)
	}
	t.Replace(flows, pipeline.KindInLabel)
	for _, in := range labels {
		t.release(adjacencyOf(in))
	}
}

// labelFlows is the largest number of flows of a label.
const labelFlows = 3

// UnsetLabel removes an incoming label.
func (t *Table) UnsetLabel(label uint32) { t.unset(labelObject(label), labelFlows) }

// transitFlows is the number of flows of a transit label.
const transitFlows = 3

// SetTransit programs a label of this router for a label-switched path.
func (t *Table) SetTransit(in pipeline.Transit) {
	t.Set(in.Flows())
	t.lead(transitObject(in.Label), in.LSP)
}

// UnsetTransit removes the label of a label-switched path.
func (t *Table) UnsetTransit(label uint32) { t.unset(transitObject(label), transitFlows) }

// UnsetAdmission removes an admission of a label.
func (t *Table) UnsetAdmission(a pipeline.Admission) { t.unset(a.Object(), 1) }

func transitObject(label uint32) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindTransit, 0, uint64(label))
}

func labelObject(label uint32) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(label))
}

// SetRoute programs a prefix. It leaves its old group last, because only that may
// have used the adjacency to which the prefix leads now.
func (t *Table) SetRoute(key Key, to pipeline.Target) {
	t.putRoute(key, to)
	t.leaveGroup(key)
}

func (t *Table) putRoute(key Key, to pipeline.Target) {
	id, ok := t.routes[key]
	if !ok {
		t.nextRoute++
		id = t.nextRoute
		t.routes[key] = id
	}
	t.Set(pipeline.Route{ID: id, VRF: key.VRF, Prefix: key.Prefix, To: to}.Flows())
	t.lead(routeCookie(id), adjacenciesOf(to)...)
}

// adjacenciesOf returns the adjacencies to which a route leads, apart from those of its
// group.
func adjacenciesOf(to pipeline.Target) []uint32 {
	forward, ok := to.(pipeline.Forward)
	switch {
	case !ok:
		return nil
	case forward.Backup == 0:
		return []uint32{forward.Adjacency}
	}
	return []uint32{forward.Adjacency, forward.Backup}
}

// UnsetRoute removes a prefix.
func (t *Table) UnsetRoute(key Key) {
	id, ok := t.routes[key]
	if !ok {
		return
	}
	t.leaveGroup(key)
	delete(t.routes, key)
	t.unset(routeCookie(id), 1)
}

// Route returns the cookie under which a route's packets are counted; ok
// reports whether the route is programmed.
func (t *Table) Route(key Key) (c pipeline.Cookie, ok bool) {
	id, ok := t.routes[key]
	return routeCookie(id), ok
}

func routeCookie(id uint64) pipeline.Cookie { return pipeline.NewCookie(pipeline.KindRoute, 0, id) }

// Routes lists the programmed routes, in no order.
func (t *Table) Routes() iter.Seq[Key] { return maps.Keys(t.routes) }

// Flows lists the wanted flows, in no order.
func (t *Table) Flows() iter.Seq2[pipeline.Cookie, pipeline.Flow] { return maps.All(t.flows) }

// StartAbove numbers adjacencies, routes and groups above those of flows in the
// switch, because old and new flows coexist for a while.
func (t *Table) StartAbove(cookies []pipeline.Cookie) {
	for _, c := range cookies {
		switch id := c.ID(); c.Kind() {
		case pipeline.KindRoute:
			t.nextRoute = max(t.nextRoute, id)
		case pipeline.KindAdjacency, pipeline.KindDiversion:
			t.nextNumber = max(t.nextNumber, uint32(id))
		case pipeline.KindGroup:
			t.nextGroup = max(t.nextGroup, uint32(id))
		}
	}
}
