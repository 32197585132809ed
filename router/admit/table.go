package admit

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/topology"
)

// Table holds the labels that each guarded link takes. It is not safe for concurrent use.
type Table struct {
	fib   *fib.Table
	doors map[uint32][]listener // by port
	told  map[name]bgp.Route
	uses  map[pipeline.Admission]int // routes that have told a label behind a port
}

// name identifies a route. Labelled routes and VPN routes are of different speakers.
type name struct {
	labeled bool
	bgp.Key
}

// listener is a session with somebody behind a link.
type listener struct {
	families []vpn.Family
	export   *policy.Chain
	local    netip.Addr
	as       uint32 // that the peer sees of this router
	external bool
	border   bool   // the peer is told routes of others, too
	peer     uint32 // its AS
}

// New returns a Table without links.
func New(f *fib.Table) *Table {
	return &Table{fib: f, doors: map[uint32][]listener{}, told: map[name]bgp.Route{}, uses: map[pipeline.Admission]int{}}
}

// Guards reports whether a link takes only labels that were told there: others than the
// routers of our AS are on it.
func Guards(cfg config.Router, link config.Core) bool {
	return link.NIC != "" || link.External || slices.ContainsFunc(cfg.Sessions, func(s topology.Session) bool {
		return s.Interface == link.Name && s.PeerAS != cfg.AS
	})
}

// Configure replaces the links and sessions.
func (t *Table) Configure(cfg config.Router) {
	t.doors, t.uses = map[uint32][]listener{}, map[pipeline.Admission]int{}
	for _, link := range cfg.Core {
		if Guards(cfg, link) {
			t.doors[link.Port] = listeners(cfg, link)
		}
	}
	var flows []pipeline.Flow
	for n, r := range t.told {
		for a := range t.admitted(n, r) {
			t.uses[a]++
			flows = append(flows, a.Flows()...)
		}
	}
	t.fib.Replace(flows, pipeline.KindAdmission)
}

// Voice is what one speaker tells a Table.
type Voice struct {
	table   *Table
	labeled bool
}

// Voice returns that of the speaker of labelled routes, or of VPN routes.
func (t *Table) Voice(labeled bool) *Voice { return &Voice{t, labeled} }

// Tell notes that a route is going to be announced.
func (v *Voice) Tell(key bgp.Key, r bgp.Route) {
	if v == nil {
		return
	}
	v.table.replace(name{v.labeled, key}, r, true)
}

// Untell notes that a route is withdrawn.
func (v *Voice) Untell(key bgp.Key) {
	if v == nil {
		return
	}
	v.table.replace(name{v.labeled, key}, bgp.Route{}, false)
}

// replace adds before it removes, so that a label that stays is never missing.
func (t *Table) replace(n name, r bgp.Route, tells bool) {
	old, known := t.told[n]
	if tells {
		t.told[n] = r
		for a := range t.admitted(n, r) {
			if t.uses[a]++; t.uses[a] == 1 {
				t.fib.Set(a.Flows())
			}
		}
	} else {
		delete(t.told, n)
	}
	if !known {
		return
	}
	for a := range t.admitted(n, old) {
		if t.uses[a]--; t.uses[a] == 0 {
			delete(t.uses, a)
			t.fib.UnsetAdmission(a)
		}
	}
}

// admitted returns from where packets may come with the label of a route.
func (t *Table) admitted(n name, r bgp.Route) map[pipeline.Admission]bool {
	out := map[pipeline.Admission]bool{}
	for port, behind := range t.doors {
		if r.Label != pipeline.ImplicitNull && slices.ContainsFunc(behind, func(l listener) bool { return l.hears(n, r) }) {
			out[pipeline.Admission{Port: port, Label: uint32(r.Label)}] = true
		}
	}
	return out
}
