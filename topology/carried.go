package topology

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// learned is a router that has the routes of another one. How it learned them
// decides to which peers it announces them.
type learned struct {
	router  string
	how     learnedFrom
	nextHop netip.Addr
}

type learnedFrom int

const (
	fromEBGP learnedFrom = iota
	fromClient
	fromPeer // an iBGP peer that is not a route reflector client
)

// carried reports, for each pair of routers, whether the VPN routes of the first
// reach the second and can be used there: over a session, or over route reflectors
// (RFC 4456 section 6), with a connected next hop. Routes learned over eBGP are not
// passed on: their labels have no meaning here.
func (t *Topology) carried(family vpn.Family) map[[2]string]bool {
	sessions := t.sessionsFor(family)
	as, island := t.systems(), t.islands()
	out := make(map[[2]string]bool)
	for _, r := range t.Routers {
		for at := range spread(r.Name, sessions, as) {
			owner := t.loopbackOf(at.nextHop)
			if owner != "" && island[owner] == island[at.router] || t.isConnected(at.router, at.nextHop) {
				out[[2]string{r.Name, at.router}] = true
			}
		}
	}
	return out
}

// systems returns the AS number of each router.
func (t *Topology) systems() map[string]uint32 {
	as := make(map[string]uint32, len(t.Routers))
	for _, r := range t.Routers {
		as[r.Name] = r.AS
	}
	return as
}

// sessionPair is a session as both of its routers see it.
type sessionPair struct{ near, far Session }

// sessionsFor returns the sessions of each router with routers of the lab that
// carry the family at both ends.
func (t *Topology) sessionsFor(family vpn.Family) map[string][]sessionPair {
	type ends struct {
		router, peer              string
		localAddress, peerAddress netip.Addr
	}
	views := make(map[ends]Session)
	for _, s := range t.Sessions {
		views[ends{s.Router, s.PeerRouter, s.LocalAddress, s.PeerAddress}] = s
	}
	out := make(map[string][]sessionPair)
	for _, s := range t.Sessions {
		far, ok := views[ends{s.PeerRouter, s.Router, s.PeerAddress, s.LocalAddress}]
		if ok && !s.Shutdown && !far.Shutdown && slices.Contains(s.Families, family) && slices.Contains(far.Families, family) {
			out[s.Router] = append(out[s.Router], sessionPair{s, far})
		}
	}
	return out
}

// spread follows the routes of a router from session to session.
func spread(origin string, sessions map[string][]sessionPair, as map[string]uint32) map[learned]bool {
	seen := make(map[learned]bool)
	var queue []learned
	tell := func(p sessionPair, nextHop netip.Addr) {
		next := learned{p.far.Router, fromPeer, nextHop}
		switch {
		case as[p.near.Router] != as[p.far.Router]:
			next.how = fromEBGP
		case p.far.Client:
			next.how = fromClient
		}
		if next.router != origin && !seen[next] {
			seen[next] = true
			queue = append(queue, next)
		}
	}
	for _, p := range sessions[origin] {
		tell(p, p.near.LocalAddress)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, p := range sessions[at.router] {
			internal := as[p.near.Router] == as[p.far.Router]
			if internal && (at.how == fromClient || at.how == fromPeer && p.near.Client) {
				tell(p, at.nextHop)
			}
		}
	}
	return seen
}

// isConnected reports whether an address is on a link of the router.
func (t *Topology) isConnected(router string, a netip.Addr) bool {
	for _, l := range t.Links {
		for _, e := range l.Ends {
			if e.Router != router {
				continue
			}
			for _, p := range e.Addresses {
				if p.Contains(a) {
					return true
				}
			}
		}
	}
	return false
}
