package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
)

// learned is a router that has the routes of another one. How it learned them
// decides to which peers it announces them.
type learned struct {
	router  string
	how     learnedFrom
	nextHop netip.Addr
	path    string // the ASes that it came through, each followed by a comma
}

type learnedFrom int

const (
	fromEBGP learnedFrom = iota
	fromClient
	fromPeer   // an iBGP peer that is not a route reflector client
	fromBorder // an external peer that tells on routes of others, as this router does (Session.Border)
	fromAbroad // an external peer at the other end of a label-switched path
)

// carried reports, for each pair of routers, whether the VPN routes of the first
// reach the second and can be used there: over a session, over route reflectors
// (RFC 4456 section 6), or from AS to AS (RFC 4364 section 10), with a next hop that is
// connected or at the end of a label-switched path. Other routes learned over eBGP are not
// passed on: their labels have no meaning here.
func (t *Topology) carried(family vpn.Family) map[[2]string]bool {
	sessions := t.sessionsFor(family)
	as, reaches := t.systems(), t.reaches()
	out := make(map[[2]string]bool)
	for _, r := range t.Routers {
		for at := range spread(r.Name, sessions, as) {
			if reaches(at.router, at.nextHop) {
				out[[2]string{r.Name, at.router}] = true
			}
		}
	}
	return out
}

// reaches returns what reports whether a router has a way to the next hop of a VPN route.
func (t *Topology) reaches() func(router string, nextHop netip.Addr) bool {
	island := t.islands()
	return func(router string, nextHop netip.Addr) bool {
		owner := t.loopbackOf(nextHop)
		return owner != "" && island[owner] == island[router] || t.isConnected(router, nextHop)
	}
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
	tell := func(p sessionPair, from learned) {
		next := from.told(p, as)
		if next.router != origin && !seen[next] && !from.passed(as[next.router]) {
			seen[next] = true
			queue = append(queue, next)
		}
	}
	for _, p := range sessions[origin] {
		tell(p, learned{router: origin, nextHop: p.near.LocalAddress})
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, p := range sessions[at.router] {
			internal := as[p.near.Router] == as[p.far.Router]
			if nextHop, tells := passes(p, internal, at.how, at.nextHop); tells {
				tell(p, learned{router: at.router, nextHop: nextHop, path: at.path})
			}
		}
	}
	return seen
}

// told returns what the far end of a session learns.
func (l learned) told(p sessionPair, as map[string]uint32) learned {
	next := learned{router: p.far.Router, how: fromPeer, nextHop: l.nextHop, path: l.path}
	switch near := as[p.near.Router]; {
	case near != as[p.far.Router]:
		next.how, next.path = howAcross(p), fmt.Sprintf("%s%d,", l.path, near)
	case p.far.Client:
		next.how = fromClient
	}
	return next
}

// howAcross returns how the far end of a session between two ASes learns.
func howAcross(p sessionPair) learnedFrom {
	switch {
	case p.far.Border:
		return fromBorder
	case p.far.Interface == LoopbackInterface:
		return fromAbroad
	}
	return fromEBGP
}

// passed reports whether the AS path has an AS.
func (l learned) passed(as uint32) bool {
	return strings.Contains(","+l.path, fmt.Sprintf(",%d,", as))
}

// passes reports whether a router tells what it has learned over a session, and with which
// next hop.
func passes(p sessionPair, internal bool, how learnedFrom, nextHop netip.Addr) (_ netip.Addr, tells bool) {
	switch known := how == fromClient || how == fromPeer; {
	case internal && how == fromBorder:
		return p.near.LocalAddress, true
	case internal && how == fromAbroad:
		return nextHop, !p.near.NextHopSelf
	case internal:
		return nextHop, how == fromClient || how == fromPeer && p.near.Client
	case p.near.Border:
		return p.near.LocalAddress, known || how == fromBorder
	default:
		return nextHop, p.near.NextHopUnchanged && known
	}
}

// isConnected reports whether an address is on a link of the router.
func (t *Topology) isConnected(router string, a netip.Addr) bool {
	for _, l := range t.Links {
		for _, e := range l.Ends {
			if e.Router != router || e.VRF != "" {
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
