package router

import (
	"cmp"
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
)

// forwarder is the switch as the FIB needs it.
type forwarder interface {
	// Commit puts flows in, then takes flows out.
	Commit(ctx context.Context, add, remove []pipeline.Flow) error
	// Correct makes the flows exactly these and returns how many were not.
	Correct(ctx context.Context, flows []pipeline.Flow) (int, error)
}

// fib is the desired set of flows and what of it the switch has not got yet.
// Changes are collected while a commit is under way and follow in the next
// one. Only the reactor's goroutine uses it.
type fib struct {
	flows  map[pipeline.Cookie]pipeline.Flow
	add    map[pipeline.Cookie]pipeline.Flow
	remove map[pipeline.Cookie]pipeline.Flow
	retire []pipeline.Flow // go before add: their cookies are used again with other matches
	after  []func()        // wait for all that is pending now
	audits []func(int)     // wait to be told what somebody else had changed
	busy   bool
	held   bool // nothing is committed before release

	routes      map[routeKey]uint64 // numbers for cookies
	routeOf     map[uint64]routeKey
	nextRoute   uint64
	adjacencies map[adjacencyKey]*adjacency
	byNumber    map[uint32]*adjacency
	nextNumber  uint32
	groups      map[string]*group // by what their paths are
	groupOf     map[routeKey]*group
	nextGroup   uint32
	leads       map[pipeline.Cookie][]uint32 // adjacencies to which a route, label or group leads
	users       map[uint32]int               // of an adjacency: how many lead to it
}

// routeKey is a prefix in a VRF.
type routeKey struct {
	vrf    uint32
	prefix netip.Prefix
}

// adjacencyKey is a next hop on a port; push tells whether packets leave for
// it with a label.
type adjacencyKey struct {
	port uint32
	addr netip.Addr
	push bool
}

// adjacency is a next hop in the switch.
type adjacency struct {
	key    adjacencyKey
	number uint32
	mac    net.HardwareAddr // nil: not resolved
}

func newFIB() *fib {
	return &fib{
		flows:       map[pipeline.Cookie]pipeline.Flow{},
		add:         map[pipeline.Cookie]pipeline.Flow{},
		remove:      map[pipeline.Cookie]pipeline.Flow{},
		routes:      map[routeKey]uint64{},
		routeOf:     map[uint64]routeKey{},
		adjacencies: map[adjacencyKey]*adjacency{},
		byNumber:    map[uint32]*adjacency{},
		groups:      map[string]*group{},
		groupOf:     map[routeKey]*group{},
		leads:       map[pipeline.Cookie][]uint32{},
		users:       map[uint32]int{},
	}
}

// set makes flows part of the desired state. Flows that are there already
// cost nothing.
func (f *fib) set(flows []pipeline.Flow) {
	for _, flow := range flows {
		was, there := f.flows[flow.Cookie]
		switch {
		case was == flow:
			continue
		case there && !sameMatch(was, flow):
			f.retire = append(f.retire, was)
		}
		if old, leaving := f.remove[flow.Cookie]; leaving && !sameMatch(old, flow) {
			f.retire = append(f.retire, old)
		}
		f.flows[flow.Cookie] = flow
		f.add[flow.Cookie] = flow
		delete(f.remove, flow.Cookie)
	}
}

// sameMatch reports whether b replaces a in the switch.
func sameMatch(a, b pipeline.Flow) bool {
	return a.Table == b.Table && a.Priority == b.Priority && a.Match == b.Match
}

// unset removes all flows of the object that a cookie belongs to.
func (f *fib) unset(object pipeline.Cookie, parts int) {
	for part := range parts {
		c := object | pipeline.Cookie(part)<<48
		flow, ok := f.flows[c]
		if !ok {
			continue
		}
		delete(f.flows, c)
		delete(f.add, c)
		f.remove[c] = flow
	}
	f.lead(object)
}

// keepOnly removes the flows of the given kinds that are not in want.
func (f *fib) keepOnly(want map[pipeline.Cookie]bool, kinds ...pipeline.Kind) {
	for c, flow := range f.flows {
		if want[c] || !slices.Contains(kinds, c.Kind()) {
			continue
		}
		delete(f.flows, c)
		delete(f.add, c)
		f.remove[c] = flow
		f.lead(c.Object())
	}
}

// lead notes to which adjacencies an object of the switch leads now. An
// adjacency to which nothing leads any more is removed: a host that takes on
// one address after the other must not fill the switch.
func (f *fib) lead(object pipeline.Cookie, to ...uint32) {
	for _, number := range to {
		f.users[number]++
	}
	before := f.leads[object]
	if len(to) > 0 {
		f.leads[object] = to
	} else {
		delete(f.leads, object)
	}
	for _, number := range before {
		if f.users[number]--; f.users[number] > 0 {
			continue
		}
		delete(f.users, number)
		if a, ok := f.byNumber[number]; ok {
			f.forget(a)
		}
	}
}

// forget removes an adjacency.
func (f *fib) forget(a *adjacency) {
	delete(f.byNumber, a.number)
	delete(f.adjacencies, a.key)
	f.unset(pipeline.NewCookie(pipeline.KindAdjacency, 0, uint64(a.number)), adjacencyFlows)
}

// adjacencyFlows is the most flows that an adjacency has.
const adjacencyFlows = 3

// setLabel programs an incoming label.
func (f *fib) setLabel(in pipeline.InLabel) []pipeline.Flow {
	flows := in.Flows()
	f.set(flows)
	object := pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(in.Label))
	if in.Adjacency != 0 {
		f.lead(object, in.Adjacency)
	} else {
		f.lead(object)
	}
	return flows
}

// setRoute programs a prefix. It leaves its group last: the adjacency that it
// leads to now may have been the group's alone.
func (f *fib) setRoute(key routeKey, to pipeline.Target) {
	f.putRoute(key, to)
	f.leaveGroup(key)
}

func (f *fib) putRoute(key routeKey, to pipeline.Target) {
	id, ok := f.routes[key]
	if !ok {
		f.nextRoute++
		id = f.nextRoute
		f.routes[key] = id
		f.routeOf[id] = key
	}
	f.set(pipeline.Route{ID: id, VRF: key.vrf, Prefix: key.prefix, To: to}.Flows())
	object := pipeline.NewCookie(pipeline.KindRoute, 0, id)
	if forward, ok := to.(pipeline.Forward); ok {
		f.lead(object, forward.Adjacency)
	} else {
		f.lead(object)
	}
}

func (f *fib) unsetRoute(key routeKey) {
	id, ok := f.routes[key]
	if !ok {
		return
	}
	f.leaveGroup(key)
	delete(f.routes, key)
	delete(f.routeOf, id)
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, id), 1)
}

// routeCookie is the cookie under which a route's packets are counted.
func (f *fib) routeCookie(key routeKey) (pipeline.Cookie, bool) {
	id, ok := f.routes[key]
	return pipeline.NewCookie(pipeline.KindRoute, 0, id), ok
}

// adjacency returns the adjacency of a next hop, making it where it is new.
func (f *fib) adjacency(key adjacencyKey, srcMAC, dstMAC net.HardwareAddr) *adjacency {
	a := f.adjacencies[key]
	if a == nil {
		f.nextNumber++
		a = &adjacency{key: key, number: f.nextNumber}
		f.adjacencies[key] = a
		f.byNumber[a.number] = a
		f.resolve(a, srcMAC, dstMAC)
	}
	return a
}

// resolve rewrites an adjacency's flows; a nil dstMAC makes it unresolved.
func (f *fib) resolve(a *adjacency, srcMAC, dstMAC net.HardwareAddr) {
	a.mac = dstMAC
	f.set(pipeline.Adjacency{
		ID: a.number, Port: a.key.port, Push: a.key.push,
		SrcMAC: srcMAC, DstMAC: dstMAC, Resolved: dstMAC != nil,
	}.Flows())
}

// pending reports whether the switch lacks something.
func (f *fib) pending() bool { return f.busy || f.waiting() }

func (f *fib) waiting() bool {
	return len(f.add)+len(f.remove)+len(f.retire)+len(f.after)+len(f.audits) > 0
}

// startAbove has adjacencies, routes and groups numbered above those of flows
// that are in the switch: old and new flows stand side by side for a while.
func (f *fib) startAbove(cookies []pipeline.Cookie) {
	for _, c := range cookies {
		switch id := c.ID(); c.Kind() {
		case pipeline.KindRoute:
			f.nextRoute = max(f.nextRoute, id)
		case pipeline.KindAdjacency:
			f.nextNumber = max(f.nextNumber, uint32(id))
		case pipeline.KindGroup:
			f.nextGroup = max(f.nextGroup, uint32(id))
		}
	}
}

// release ends the holding back: the switch gets what is wanted beside what it
// has, then what is not wanted goes.
func (f *fib) release(told func(int)) {
	f.held = false
	f.audit(told)
}

// runAfter runs what waits for flows that are held back.
func (f *fib) runAfter() {
	for len(f.after) > 0 {
		do := f.after[0]
		f.after = f.after[1:]
		do()
	}
}

// then runs do when everything that is pending now is in the switch.
func (f *fib) then(do func()) { f.after = append(f.after, do) }

// audit has the switch compared with all that is wanted, and told is told how
// many flows somebody else had changed.
func (f *fib) audit(told func(int)) { f.audits = append(f.audits, told) }

// batch is what the switch lacks.
type batch struct {
	retire, add, remove []pipeline.Flow
	after               []func()
	all                 []pipeline.Flow // all that is wanted, where there are audits
	audits              []func(int)
}

// take returns everything that is pending.
func (f *fib) take() batch {
	b := batch{
		retire: f.retire,
		add:    slices.SortedFunc(maps.Values(f.add), compareFlows),
		remove: slices.SortedFunc(maps.Values(f.remove), compareFlows),
		after:  f.after,
	}
	if len(f.audits) > 0 {
		b.all, b.audits = slices.SortedFunc(maps.Values(f.flows), compareFlows), f.audits
	}
	f.retire, f.after, f.audits = nil, nil, nil
	clear(f.add)
	clear(f.remove)
	return b
}

// commit returns how many flows somebody else had changed, where there are
// audits.
func (b batch) commit(ctx context.Context, sw forwarder) (corrected int, err error) {
	if err := sw.Commit(ctx, nil, b.retire); err != nil {
		return 0, err
	}
	if err := sw.Commit(ctx, b.add, b.remove); err != nil || len(b.audits) == 0 {
		return 0, err
	}
	return sw.Correct(ctx, b.all)
}

// compareFlows puts adjacencies and groups before the routes and labels that
// lead to them: a large batch is not committed at once.
func compareFlows(a, b pipeline.Flow) int {
	return cmp.Or(cmp.Compare(b.Cookie.Kind(), a.Cookie.Kind()), cmp.Compare(a.Cookie, b.Cookie))
}
