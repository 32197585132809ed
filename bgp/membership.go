package bgp

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

const (
	// memberStay is how long what a peer has asked for is asked of others after its
	// session has ended: a peer that returns finds its routes here.
	memberStay = 3 * time.Minute

	memberPause = 5 * time.Millisecond // in which changes are collected
	memberRest  = 4                    // times as long as a change takes to pass on, until the next one is
)

// memberships decides what each peer is asked for by route target constraint (RFC
// 4684): the route targets that this router imports, and those that other peers ask
// for which are told the peer's routes. A peer without route target constraint asks
// for everything.
type memberships struct {
	as uint32
	id netip.Addr

	mu      sync.Mutex
	peers   map[netip.Addr]*memberPeer
	own     []vpn.RouteTarget // imported by this router
	knowing bool              // own is what the router imports; else it asks for everything
	terms   map[netip.Addr]memberTerms
	waits   bool // a restart, until whose end it asks for everything
	kicked  chan struct{}
}

// memberPeer is a peer that is up, or was a moment ago.
type memberPeer struct {
	terms memberTerms
	asks  map[gate.Membership]gate.Reflection
	ended bool   // it has said all that it asks for at first
	relay *relay // nil while there is no session
	heeds bool   // it has route target constraint
}

// memberTerms is what counts of a session's configuration.
type memberTerms struct {
	internal  bool
	client    bool // reflected to and from all internal peers
	reflected bool // internal, and this router is a reflector
	unswapped bool // internal, and told the routes of external peers
	through   bool // external, and told the routes of internal peers
	askAll    bool // it is asked for all routes
	needsAll  bool // which route targets its routes have here is not known
}

func (n Neighbor) memberTerms(as uint32) memberTerms {
	internal := n.AS == as
	return memberTerms{
		internal: internal, client: internal && n.Client, reflected: n.ofReflector, unswapped: internal && !n.NextHopSelf, through: n.passesNextHops(as),
		askAll: n.RTCDefault || n.Import.SetsTargets(), needsAll: n.Export.SetsTargets(),
	}
}

// tellsRoutesOf reports whether p is told the routes of q.
func (p memberTerms) tellsRoutesOf(q memberTerms) bool {
	switch {
	case !p.internal:
		return p.through && q.internal
	case !q.internal:
		return p.unswapped
	}
	return p.reflected && (p.client || q.client)
}

func newMemberships(as uint32, id netip.Addr) *memberships {
	return &memberships{as: as, id: id, peers: make(map[netip.Addr]*memberPeer), terms: make(map[netip.Addr]memberTerms), kicked: make(chan struct{}, 1)}
}

// kick has run look at what has changed. The lock is held.
func (m *memberships) kick() {
	select {
	case m.kicked <- struct{}{}:
	default:
	}
}

// run passes on changes until done is closed.
func (m *memberships) run(done <-chan struct{}) {
	var took time.Duration // the last time
	for {
		select {
		case <-done:
			return
		case <-m.kicked:
		}
		select {
		case <-done:
			return
		case <-time.After(max(memberPause, memberRest*took)):
		}
		began := time.Now()
		for r, list := range m.all() {
			r.editor.SetMemberships(list)
			r.wake()
		}
		took = time.Since(began)
	}
}

// setOwn replaces what the router imports.
func (m *memberships) setOwn(own []vpn.RouteTarget) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.own, m.knowing = own, true
	m.kick()
}

// restarts says that a restart begins or ends.
func (m *memberships) restarts(begins bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waits = begins
	m.kick()
}

// entered takes note of a session that is established.
func (m *memberships) entered(addr netip.Addr, r *relay, heeds bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[addr]
	if p == nil {
		p = &memberPeer{}
		m.peers[addr] = p
	}
	p.terms, p.relay, p.heeds, p.ended = m.terms[addr], r, heeds, false
	if !heeds {
		p.asks, p.ended = everything(m.as), true
	}
	m.kick()
}

func everything(as uint32) map[gate.Membership]gate.Reflection {
	return map[gate.Membership]gate.Reflection{{AS: as}: {}}
}

// asked takes note of what a peer asks for. Until it has said all, what it asked for
// in its last session counts, too.
func (m *memberships) asked(addr netip.Addr, r *relay, list map[gate.Membership]gate.Reflection, end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[addr]
	if p == nil || p.relay != r {
		return
	}
	if p.ended = p.ended || end; !p.ended {
		for k, v := range p.asks {
			if _, said := list[k]; !said {
				list[k] = v
			}
		}
	}
	if len(list) > 2*gate.MaxMemberships {
		list = everything(m.as)
	}
	p.asks = list
	m.kick()
}

// left takes note of the end of a session. What it asked for is forgotten later.
func (m *memberships) left(addr netip.Addr, r *relay) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[addr]
	if p == nil || p.relay != r {
		return
	}
	p.relay = nil
	time.AfterFunc(memberStay, func() { m.forgetIfAway(addr, p) })
}

func (m *memberships) forgetIfAway(addr netip.Addr, p *memberPeer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.peers[addr] == p && p.relay == nil {
		delete(m.peers, addr)
		m.kick()
	}
}

// forget takes note of a neighbour that is not configured any more.
func (m *memberships) forget(addr netip.Addr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.peers, addr)
	delete(m.terms, addr)
	m.kick()
}

// setTerms takes note of a session's configuration.
func (m *memberships) setTerms(addr netip.Addr, terms memberTerms) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.terms[addr] = terms
	if p := m.peers[addr]; p != nil && p.terms != terms {
		p.terms = terms
		m.kick()
	}
}

// offer is who asks for a membership, and how it has come here.
type offer struct {
	from *memberPeer
	gate.Reflection
}

// all returns what each peer is to be asked for.
func (m *memberships) all() map[*relay]map[gate.Membership]gate.Reflection {
	m.mu.Lock()
	defer m.mu.Unlock()
	offers := make(map[gate.Membership][]offer)
	for _, addr := range slices.SortedFunc(maps.Keys(m.peers), netip.Addr.Compare) {
		p := m.peers[addr]
		asks := p.asks
		if p.terms.needsAll {
			asks = everything(m.as)
		}
		for k, by := range asks {
			offers[k] = append(offers[k], offer{p, by})
		}
	}
	for _, list := range offers { // the shortest way first
		slices.SortStableFunc(list, func(a, b offer) int { return len(a.Clusters) - len(b.Clusters) })
	}
	own := m.ownMemberships()
	out := make(map[*relay]map[gate.Membership]gate.Reflection)
	for _, p := range m.peers {
		if p.relay == nil || !p.heeds {
			continue
		}
		list := maps.Clone(own)
		if p.terms.askAll {
			list[gate.Membership{AS: m.as}] = gate.Reflection{}
		}
		for k, all := range offers {
			if _, ours := list[k]; ours {
				continue
			}
			i := slices.IndexFunc(all, func(o offer) bool { return o.from != p && o.from.terms.tellsRoutesOf(p.terms) })
			if i >= 0 {
				list[k] = m.reflected(all[i], p)
			}
		}
		if len(list) > gate.MaxMemberships { // more than the peer may accept
			list = everything(m.as)
		}
		out[p.relay] = list
	}
	return out
}

func (m *memberships) ownMemberships() map[gate.Membership]gate.Reflection {
	if !m.knowing || m.waits {
		return everything(m.as)
	}
	list := make(map[gate.Membership]gate.Reflection, len(m.own))
	for _, t := range m.own {
		list[gate.TargetMembership(m.as, t)] = gate.Reflection{}
	}
	return list
}

// reflected is a membership as this router tells it on. To a client, this router is
// its originator (RFC 4684 section 3.2).
func (m *memberships) reflected(o offer, to *memberPeer) gate.Reflection {
	if !to.terms.internal || !o.from.terms.internal {
		return gate.Reflection{}
	}
	id := m.id.As4()
	r := gate.Reflection{Clusters: string(id[:]) + o.Clusters, Originator: o.Originator}
	if to.terms.client || !r.Originator.IsValid() {
		r.Originator = m.id
	}
	return r
}
