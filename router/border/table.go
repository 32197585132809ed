package border

import (
	"log/slog"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/transport"
	"pseudowan/router/vrf"
)

// Table holds the routes that one router tells on. It is not safe for concurrent use.
type Table struct {
	log    *slog.Logger
	fib    *fib.Table
	links  *transport.Links
	labels *vrf.Labels
	speech *vrf.Speech // nil: there is no speaker

	as      uint32
	peers   map[netip.Addr]bool // at borders
	heard   map[name]map[bgp.Key]bgp.Route
	hops    map[netip.Addr]map[name]bool // what has been heard with a next hop
	passed  map[name]Passed
	changed map[name]bool // since the last Settle
	short   map[name]bool // for which there is no label
}

// name is the destination of routes that are alternatives to each other.
type name struct {
	RD     vpn.RD
	Prefix netip.Prefix
}

// Passed is a route that is told on.
type Passed struct {
	Route bgp.Route // as it was received
	In    vpn.Label // by which others send through this router
}

// New returns a Table without routes.
func New(log *slog.Logger, f *fib.Table, links *transport.Links, labels *vrf.Labels) *Table {
	return &Table{
		log: log, fib: f, links: links, labels: labels,
		peers: map[netip.Addr]bool{}, heard: map[name]map[bgp.Key]bgp.Route{}, hops: map[netip.Addr]map[name]bool{},
		passed: map[name]Passed{}, changed: map[name]bool{}, short: map[name]bool{},
	}
}

// SetSpeech sets what is announced to other routers. Call it before Configure.
func (t *Table) SetSpeech(s *vrf.Speech) { t.speech = s }

// Configure replaces the configuration. Links and labels must already be configured.
func (t *Table) Configure(cfg config.Router) {
	t.as, t.peers = cfg.AS, map[netip.Addr]bool{}
	for _, s := range cfg.Sessions {
		if s.Border {
			t.peers[s.PeerAddress.WithZone("")] = true
		}
	}
	for n := range t.heard {
		t.changed[n] = true
	}
	for n := range t.passed {
		t.changed[n] = true
	}
}

// Hear notes a VPN route that a peer has announced or withdrawn.
func (t *Table) Hear(u bgp.RouteUpdate) {
	key := u.Route.Key()
	if !key.Peer.IsValid() || len(t.peers) == 0 { // the router's own
		return
	}
	n := name{key.RD, key.Prefix}
	if old, known := t.heard[n][key]; known {
		t.forget(n, old)
	}
	if !u.Withdrawn {
		t.note(n, u.Route)
	}
	t.changed[n] = true
}

func (t *Table) note(n name, r bgp.Route) {
	if t.heard[n] == nil {
		t.heard[n] = map[bgp.Key]bgp.Route{}
	}
	t.heard[n][r.Key()] = r
	if t.hops[r.NextHop] == nil {
		t.hops[r.NextHop] = map[name]bool{}
	}
	t.hops[r.NextHop][n] = true
}

func (t *Table) forget(n name, r bgp.Route) {
	delete(t.heard[n], r.Key())
	for _, other := range t.heard[n] {
		if other.NextHop == r.NextHop {
			return
		}
	}
	if len(t.heard[n]) == 0 {
		delete(t.heard, n)
	}
	delete(t.hops[r.NextHop], n)
	if len(t.hops[r.NextHop]) == 0 {
		delete(t.hops, r.NextHop)
	}
}

// Follow notes which next hops have changed.
func (t *Table) Follow(hops map[netip.Addr]bool) {
	for hop := range hops {
		for n := range t.hops[hop] {
			t.changed[n] = true
		}
	}
}

// Leave ends all that is told on, before labels are assigned anew: a label must not be that
// of another route while the flows of the first are there. Settle tells it on again.
func (t *Table) Leave() {
	for n, was := range t.passed {
		t.drop(n, was)
		t.changed[n] = true
	}
}

// Settle chooses among the routes that have changed, programs the labels of the best, and
// tells of them.
func (t *Table) Settle() {
	changed, had := t.changed, len(t.short)
	t.changed = map[name]bool{}
	var refused error
	for n := range changed {
		delete(t.short, n)
		if err := t.settle(n); err != nil {
			t.short[n], refused = true, err
		}
	}
	if had == 0 && refused != nil {
		t.log.Error("no labels for routes of other routers; they are not told on", "routes", len(t.short), "error", refused)
	}
}

// settle returns an error if there is no label for a route that could be told on.
func (t *Table) settle(n name) error {
	was, had := t.passed[n]
	route, has := t.choose(n)
	to, reaches := t.links.Forward(route.NextHop, uint32(route.Label))
	if !has || !reaches {
		if had {
			t.drop(n, was)
		}
		return nil
	}
	label, err := t.labels.AcquireRoute(n.RD, n.Prefix)
	if err != nil {
		t.fib.Discard(to.Adjacency)
		return err
	}
	t.passed[n] = Passed{route, label} // with the same label as before, see Leave
	t.fib.SetTransit(pipeline.Transit{Label: uint32(label), LSP: to.Adjacency, Swap: uint32(route.Label)})
	if t.speech != nil {
		t.speech.Pass(bgp.Key{RD: n.RD, Prefix: n.Prefix}, t.told(route, label))
	}
	return nil
}

// drop ends what is told on. Its label rests before it is used again.
func (t *Table) drop(n name, was Passed) {
	delete(t.passed, n)
	if t.speech != nil {
		t.speech.Unpass(bgp.Key{RD: n.RD, Prefix: n.Prefix})
	}
	t.fib.UnsetTransit(uint32(was.In))
	t.labels.ReleaseRoute(n.RD, n.Prefix)
}

// choose returns the best route that may be told on.
func (t *Table) choose(n name) (bgp.Route, bool) {
	list := make([]bgp.Route, 0, len(t.heard[n]))
	for _, r := range t.heard[n] {
		list = append(list, r)
	}
	i := bgp.Best(list, t.usable, func(r bgp.Route) uint64 { return t.links.Metric(r.NextHop) })
	if i < 0 {
		return bgp.Route{}, false
	}
	return list[i], true
}

// usable reports whether packets can be sent to the next hop of a route, and its peer is
// one whose routes are told on.
func (t *Table) usable(r bgp.Route) bool {
	return r.Unusable == "" && r.Label >= vpn.LabelFirstUnreserved && (r.IBGP || t.peers[r.Peer]) &&
		t.links.Usable(r.NextHop)
}

// told returns a route as others are told of it. What is known within the AS, others are
// told at borders; what comes from there, the AS is, too. The attributes that count within an
// AS alone end at its border (RFC 4271 sections 5.1.4 and 5.1.5).
func (t *Table) told(r bgp.Route, label vpn.Label) bgp.Route {
	out := bgp.Route{
		RD: r.RD, Prefix: r.Prefix, Label: label, Targets: r.Targets, Origin: r.Origin, ASPath: r.ASPath,
		Communities: r.Communities, LargeCommunities: r.LargeCommunities, Extended: r.Extended, Passed: r.Passed, To: bgp.ToPass,
	}
	if r.IBGP {
		out.To = bgp.ToEdge
	} else {
		out.MED, out.LocalPref = r.MED, r.LocalPref
	}
	return out
}

// Passed returns what is told on of a route; ok is false if it is not.
func (t *Table) Passed(rd vpn.RD, to netip.Prefix) (p Passed, ok bool) {
	p, ok = t.passed[name{rd, to}]
	return p, ok
}

// Of returns what is told on with a label of a key; ok is false for a key of another kind.
func (t *Table) Of(key vpn.LabelKey) (p Passed, ok bool) {
	rd, err := vpn.ParseRD(key.VRF)
	if err != nil || key.Kind != vpn.LabelPrefix {
		return Passed{}, false
	}
	p, ok = t.passed[name{rd, key.Prefix}]
	return p, ok
}
