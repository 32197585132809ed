package lsp

import (
	"iter"
	"log/slog"
	"maps"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/admit"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/transport"
	"pseudowan/router/vrf"
)

// Table holds the label-switched paths of one router. It is not safe for concurrent use.
type Table struct {
	log    *slog.Logger
	fib    *fib.Table
	links  *transport.Links
	labels *vrf.Labels
	speech *vrf.Speech // nil: there is no speaker

	cfg     *config.Transport // nil: the router has no transport
	drained bool              // others are to send around this router
	fits    int               // longest IP packet, in octets, that leaves on any link with two labels
	widest  int               // largest MTU of a link, in octets
	metrics map[netip.Addr]uint32
	heard   map[netip.Prefix]map[netip.Addr]bgp.Route // by loopback and peer
	paths   map[netip.Prefix]Path
	changed map[netip.Prefix]bool // since the last Settle
	lost    map[netip.Addr]bool   // routers to which nothing gets, as BFD says
}

// Path is the way to a loopback.
type Path struct {
	In     vpn.Label // by which others send through this router
	Hop              // the best one
	Equal  []Hop     // over which packets of customers are spread, by slot; with the best one
	Backup *Hop      // the next best; nil: there is none
	Metric uint64
	route  bgp.Route
}

// Hop is a neighbour on the way.
type Hop struct {
	Addr netip.Addr // on a link
	Link string
	Out  vpn.Label // that it expects
	mtu  int       // of the link
	lsp  pipeline.LSP
}

// New returns a Table without paths, which links ask for next hops beyond them.
func New(log *slog.Logger, f *fib.Table, links *transport.Links, labels *vrf.Labels) *Table {
	t := &Table{
		log: log, fib: f, links: links, labels: labels,
		heard: map[netip.Prefix]map[netip.Addr]bgp.Route{}, paths: map[netip.Prefix]Path{}, changed: map[netip.Prefix]bool{},
	}
	links.SetBeyond(t)
	return t
}

// SetAnnouncer sets the speaker of labelled routes, and what learns of their labels. Call
// it before Configure.
func (t *Table) SetAnnouncer(to vrf.Announcer, guards *admit.Voice) {
	t.speech = vrf.NewSpeech(t.log, t.fib, to, guards)
}

// Configure replaces the configuration. Links and labels must already be configured.
func (t *Table) Configure(cfg config.Router) {
	before := t.cfg
	t.cfg, t.metrics, t.fits, t.widest = cfg.Transport, metrics(cfg), fits(cfg), 0
	t.drained = cfg.Maintenance
	for _, c := range cfg.Core {
		t.widest = max(t.widest, c.MTU)
	}
	for to := range t.heard {
		t.changed[to] = true
	}
	for to := range t.paths {
		t.changed[to] = true
	}
	if t.speech == nil {
		return
	}
	for _, to := range t.own(before) {
		if !slices.Contains(t.own(t.cfg), to) {
			t.speech.Withdraw(bgp.Key{Prefix: to})
		}
	}
	for _, to := range t.own(t.cfg) {
		metric := uint64(0)
		t.speech.Announce(bgp.Key{Prefix: to}, bgp.Route{Prefix: to, Label: t.null(to), AIGP: &metric})
	}
}

// metrics returns the metric of the link to each peer of labelled routes.
func metrics(cfg config.Router) map[netip.Addr]uint32 {
	out := map[netip.Addr]uint32{}
	for _, s := range cfg.Sessions {
		for _, c := range cfg.Core {
			if c.Name == s.Interface && c.Metric > 0 {
				out[s.PeerAddress] = c.Metric
			}
		}
	}
	return out
}

// fits returns the longest IP packet that leaves on any link with two labels.
func fits(cfg config.Router) (longest int) {
	const labels = 2 * labelEntry
	for _, c := range cfg.Core {
		if c.Metric > 0 && (longest == 0 || c.MTU-labels < longest) {
			longest = c.MTU - labels
		}
	}
	return longest
}

// own lists the router's loopbacks.
func (t *Table) own(cfg *config.Transport) (list []netip.Prefix) {
	if cfg == nil {
		return nil
	}
	for _, a := range cfg.Addresses {
		list = append(list, netip.PrefixFrom(a, a.BitLen()))
	}
	return list
}

// null returns the label by which packets come to the router's own loopback.
func (t *Table) null(to netip.Prefix) vpn.Label {
	switch {
	case !t.cfg.ExplicitNull:
		return pipeline.ImplicitNull
	case to.Addr().Is4():
		return 0
	}
	return 2
}

// Hear notes a labelled route that a peer has announced or withdrawn.
func (t *Table) Hear(u bgp.RouteUpdate) {
	to, peer := u.Route.Prefix, u.Route.Peer
	if !peer.IsValid() { // the router's own
		return
	}
	if u.Withdrawn {
		delete(t.heard[to], peer)
		if len(t.heard[to]) == 0 {
			delete(t.heard, to)
		}
	} else {
		if t.heard[to] == nil {
			t.heard[to] = map[netip.Addr]bgp.Route{}
		}
		t.heard[to][peer] = u.Route
	}
	t.changed[to] = true
}

// Follow notes which next hops on links have changed.
func (t *Table) Follow(hops map[netip.Addr]bool) {
	for to, routes := range t.heard {
		for _, r := range routes {
			if hops[r.NextHop] {
				t.changed[to] = true
			}
		}
	}
}

// NextHops adds the next hops on links that the routes name.
func (t *Table) NextHops(to map[netip.Addr]bool) map[netip.Addr]bool {
	for _, routes := range t.heard {
		for _, r := range routes {
			to[r.NextHop] = true
		}
	}
	return to
}

// Cut has the paths of which a neighbour is lost take another one, that of a backup if need
// be, before anything that takes longer. Paths without one are down. Settle chooses again.
func (t *Table) Cut() {
	lost := func(h Hop) bool { return !t.links.Usable(h.Addr) }
	for to, p := range t.paths {
		ways := append([]Hop{p.Hop}, p.Equal...)
		if !slices.ContainsFunc(ways, lost) {
			continue
		}
		if p.Backup != nil {
			ways = append(ways, *p.Backup)
		}
		way := pipeline.LSP{IPv6: to.Addr().Is6()}
		if i := slices.IndexFunc(ways, func(h Hop) bool { return !lost(h) }); i >= 0 {
			way = ways[i].lsp
			way.Spread = spread(without(p.Equal, lost))
		}
		t.fib.MoveLSPNow(to.Addr(), way)
		t.changed[to] = true
	}
}

// SetLost sets to which routers nothing gets although there are paths, as BFD says: what
// leads to them is to use others.
func (t *Table) SetLost(lost map[netip.Addr]bool) {
	for _, set := range []map[netip.Addr]bool{t.lost, lost} {
		for to := range set {
			if t.lost[to] != lost[to] {
				t.links.Note(to)
			}
		}
	}
	t.lost = lost
}

// Leave gives back the labels of all paths, before labels are assigned anew. Settle has the
// paths get others.
func (t *Table) Leave() {
	for to, p := range t.paths {
		t.fib.UnsetTransit(uint32(p.In))
		t.labels.ReleaseLoopback(to)
		p.In = 0
		t.paths[to], t.changed[to] = p, true
	}
}

// Pending reports whether something has changed since the last Settle.
func (t *Table) Pending() bool { return len(t.changed) > 0 }

// Settle chooses the paths to the loopbacks that have changed, programs them, and
// announces them.
func (t *Table) Settle() {
	changed := t.changed
	t.changed = map[netip.Prefix]bool{}
	for to := range changed {
		t.settle(to)
	}
}

func (t *Table) settle(to netip.Prefix) {
	was, had := t.paths[to]
	now, has := t.choose(to)
	switch {
	case has:
		label, err := t.labels.AcquireLoopback(to)
		if err != nil {
			t.log.Error("no label for a loopback; others do not reach it through this router", "loopback", to, "error", err)
		}
		now.In = label
		t.paths[to] = now
		t.program(to, now)
		t.announce(to, now)
	case had:
		delete(t.paths, to)
		if t.speech != nil {
			t.speech.Withdraw(bgp.Key{Prefix: to})
		}
		t.fib.MoveLSP(to.Addr(), pipeline.LSP{IPv6: to.Addr().Is6()})
		t.fib.UnsetRoute(fib.Key{VRF: pipeline.Global, Prefix: to})
		t.fib.UnsetTransit(uint32(was.In))
		t.labels.ReleaseLoopback(to)
	}
	if had != has || was.Metric != now.Metric {
		t.links.Note(to.Addr())
	}
}

// program puts a path into the switch.
func (t *Table) program(to netip.Prefix, p Path) {
	number := t.fib.LSP(to.Addr(), p.lsp)
	t.fib.SetRoute(fib.Key{VRF: pipeline.Global, Prefix: to}, pipeline.Forward{Adjacency: number})
	t.fib.MoveLSP(to.Addr(), p.lsp)
	if p.In != 0 {
		in := pipeline.Transit{Label: uint32(p.In), LSP: number}
		if room := p.room(); t.widest > room {
			in.MTU = room
		}
		t.fib.SetTransit(in)
	}
}

// room is the longest packet that can come with a label for the hop, with all its labels,
// in octets.
func (h Hop) room() int {
	if h.Out == pipeline.ImplicitNull {
		return h.mtu + labelEntry
	}
	return h.mtu
}

// labelEntry is one entry of the label stack, in octets (RFC 3032).
const labelEntry = 4

// Room returns the longest packet that can go on to a loopback, with all the labels with
// which it comes, in octets.
func (t *Table) Room(loopback netip.Addr) int {
	return t.paths[netip.PrefixFrom(loopback, loopback.BitLen())].room()
}

// lastResort is added to the metric of paths through a router under maintenance: more than
// links can have together, so that others take every other path first (as RFC 6987 does for
// OSPF).
const lastResort = 1 << 40

// announce tells the peers of a path, with the label and the metric that it has here.
func (t *Table) announce(to netip.Prefix, p Path) {
	key := bgp.Key{Prefix: to}
	switch {
	case t.speech == nil:
	case p.In == 0:
		t.speech.Withdraw(key)
	default:
		origin := p.route.OriginatorID
		if !origin.IsValid() && p.route.IBGP {
			origin = p.route.PeerID
		}
		metric := p.Metric
		if t.drained {
			metric += lastResort
		}
		t.speech.Announce(key, bgp.Route{
			Prefix: to, Label: p.In, ASPath: p.route.ASPath, AIGP: &metric, OriginatorID: origin, ClusterList: p.route.ClusterList,
		})
	}
}

// MTU returns that of the link, in octets.
func (h Hop) MTU() int { return h.mtu }

// Path returns the path to a loopback; ok is false if there is none.
func (t *Table) Path(to netip.Prefix) (p Path, ok bool) {
	p, ok = t.paths[to]
	return p, ok
}

// Paths lists the paths by loopback, in no order.
func (t *Table) Paths() iter.Seq2[netip.Prefix, Path] { return maps.All(t.paths) }

// Own lists the router's own loopbacks, with the labels by which packets come to them.
func (t *Table) Own() iter.Seq2[netip.Prefix, vpn.Label] {
	return func(yield func(netip.Prefix, vpn.Label) bool) {
		for _, to := range t.own(t.cfg) {
			if !yield(to, t.null(to)) {
				return
			}
		}
	}
}

// Reaches implements transport.Beyond.
func (t *Table) Reaches(nextHop netip.Addr) bool {
	if t.lost[nextHop] {
		return false
	}
	_, ok := t.paths[netip.PrefixFrom(nextHop, nextHop.BitLen())]
	return ok
}

// Metric implements transport.Beyond.
func (t *Table) Metric(nextHop netip.Addr) uint64 {
	return t.paths[netip.PrefixFrom(nextHop, nextHop.BitLen())].Metric
}

// Forward implements transport.Beyond.
func (t *Table) Forward(nextHop netip.Addr, label uint32) pipeline.Forward {
	p := t.paths[netip.PrefixFrom(nextHop, nextHop.BitLen())]
	to := pipeline.Forward{Adjacency: t.fib.LSP(nextHop, p.lsp), Label: label}
	if t.links.Longest() > t.fits {
		to.MTU = t.fits
	}
	return to
}

// Fits returns the longest IP packet, in octets, that leaves on any link with the labels
// of a VPN route.
func (t *Table) Fits() int { return t.fits }
