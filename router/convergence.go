package router

import (
	"fmt"

	"pseudowan/bgp"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
)

// convergence tells what the router still lacks.
func (r *reactor) convergence() Convergence {
	c := Convergence{Missing: []string{}, Waiting: []string{}}
	missing := func(format string, args ...any) {
		c.Missing = append(c.Missing, "router "+r.name+": "+fmt.Sprintf(format, args...))
	}
	for _, k := range r.core {
		switch {
		case r.carriers.Up(k.Name):
		case k.NIC != "": // whose cable is not the lab's
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: the NIC of interface %s has no carrier", r.name, k.Name))
		default:
			missing("interface %s has no carrier", k.Name)
		}
	}
	r.missingHosts(missing)
	for _, s := range r.cfg.Sessions {
		state := r.peers[s.PeerAddress]
		switch {
		case state.State == bgp.StateEstablished:
		case s.PeerRouter == "" && state.Down() != "":
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: the BGP session with peer %s (AS %d) on %s is not established%s",
				r.name, s.PeerAddress, s.PeerAS, s.Interface, whyDown(state)))
		case s.PeerRouter == "":
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: BGP peer %s (AS %d) on %s does not answer yet",
				r.name, s.PeerAddress, s.PeerAS, s.Interface))
		default:
			missing("the BGP session to %s (%s) is not established%s", s.PeerRouter, s.PeerAddress, whyDown(state))
		}
	}
	c.Waiting = append(c.Waiting, r.missingCustomers(missing)...)
	for _, e := range r.cfg.Expect {
		if what := r.missingRoute(e); what != "" {
			missing("VRF %s: route %s from %s %s", e.VRF, e.Prefix, e.From, what)
		}
	}
	if len(c.Missing) == 0 && r.fib.Pending() {
		missing("flows are being programmed")
	}
	return c
}

// whyDown is what is known of why a session is not established, to end a
// sentence.
func whyDown(p bgp.PeerState) string {
	if why := p.Down(); why != "" {
		return ": " + why
	}
	return ""
}

func (r *reactor) missingHosts(missing func(string, ...any)) {
	up := map[neighbor.Key]bool{}
	for _, e := range r.neighbors.Entries() {
		up[e.Key] = len(e.MAC) > 0
	}
	for _, p := range r.cfg.Access {
		for _, a := range p.Expect {
			if !up[neighbor.Key{Port: p.Port, Addr: a}] {
				missing("host %s does not answer for %s on port %d (%s)", p.Host, a, p.Port, p.Name)
			}
		}
	}
}

// whyNoRoute tells why the VRF has no way to an expected prefix.
func (r *reactor) whyNoRoute(e config.Expect) string {
	paths := r.tables.Paths(e.VRF, e.Prefix)
	switch {
	case len(paths) == 0:
		return "has not been received"
	case paths[0].Route.Unusable != "":
		return "cannot be used: " + paths[0].Route.Unusable
	}
	return fmt.Sprintf("cannot be used: %s %s", paths[0].Reason, paths[0].Route.NextHop)
}

// missingRoute tells what keeps an expected route from being used; "" if
// nothing does.
func (r *reactor) missingRoute(e config.Expect) string {
	v := r.vrfs[e.VRF]
	if v == nil {
		return "has no VRF"
	}
	key := fib.Key{VRF: v.ID, Prefix: e.Prefix}
	if _, ok := r.fib.Route(key); !ok {
		return r.whyNoRoute(e)
	}
	best, ok := r.best[key]
	if !ok || !best.Remote() {
		return ""
	}
	for _, p := range append([]*bgp.Path{best}, r.spread[key]...) {
		if hop := p.Route.NextHop; p.Remote() && !r.coreAnswers(hop) {
			return fmt.Sprintf("waits for its next hop %s to answer", hop)
		}
	}
	return ""
}
