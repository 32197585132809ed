package router

import (
	"fmt"

	"pseudowan/bgp"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
	"pseudowan/status"
)

// convergence returns what the router still lacks.
func (l *loop) convergence() Convergence {
	c := Convergence{Missing: []string{}, Waiting: []string{}}
	missing := func(format string, args ...any) {
		c.Missing = append(c.Missing, "router "+l.name()+": "+fmt.Sprintf(format, args...))
	}
	for _, k := range l.links.Ports() {
		switch {
		case l.carriers.Up(k.Name):
		case k.NIC != "": // its cable is not part of the lab
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: the NIC of interface %s has no carrier", l.name(), k.Name))
		default:
			missing("interface %s has no carrier", k.Name)
		}
	}
	l.missingCore(missing)
	l.missingHosts(missing)
	for _, s := range l.cfg.Sessions {
		state := l.peers[s.PeerAddress]
		switch {
		case state.State == bgp.StateEstablished, s.Shutdown, s.PeerShutdown, s.PeerPrefix.IsValid():
		case s.PeerRouter == "" && state.Down() != "":
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: the BGP session with peer %s (AS %d) on %s is not established%s",
				l.name(), s.PeerAddress, s.PeerAS, s.Interface, whyDown(state)))
		case s.PeerRouter == "":
			c.Waiting = append(c.Waiting, fmt.Sprintf("router %s: BGP peer %s (AS %d) on %s does not answer yet",
				l.name(), s.PeerAddress, s.PeerAS, s.Interface))
		default:
			missing("the BGP session with %s (%s) is not established%s", s.PeerRouter, s.PeerAddress, whyDown(state))
		}
	}
	l.missingPaths(missing)
	c.Waiting = append(c.Waiting, l.missingCEs(missing)...)
	for _, e := range l.cfg.Expect {
		if what := l.missingRoute(e); what != "" {
			missing("VRF %s: route %s from %s %s", e.VRF, e.Prefix, e.From, what)
		}
	}
	if len(c.Missing) == 0 && l.fib.Pending() {
		missing("the switch is being programmed")
	}
	return c
}

// missingPaths reports the loopbacks of the lab to which there is no path.
func (l *loop) missingPaths(missing func(string, ...any)) {
	if l.cfg.Transport == nil {
		return
	}
	for _, to := range l.cfg.Transport.Expect {
		if !l.lsps.Reaches(to.Address) {
			missing("there is no label-switched path to %s (%s)", to.Router, to.Address)
		}
	}
}

// whyDown returns the known reason why a session is down, as the end of a sentence.
func whyDown(p bgp.PeerState) string {
	if why := p.Down(); why != "" {
		return ": " + why
	}
	return ""
}

func (l *loop) missingHosts(missing func(string, ...any)) {
	up := map[neighbor.Key]bool{}
	for _, e := range l.ports.Entries() {
		up[e.Key] = len(e.MAC) > 0
	}
	for _, p := range l.cfg.Access {
		for _, a := range p.Expect {
			if !up[neighbor.Key{Port: p.Port, Addr: a}] {
				missing("%s does not answer for %s on port %d (%s)", p.Who(), a, p.Port, p.Name)
			}
		}
	}
}

// whyNoRoute returns why the VRF has no usable route to an expected prefix.
func (l *loop) whyNoRoute(e config.Expect) string {
	paths := l.vrfs.Paths(e.VRF, e.Prefix)
	switch {
	case len(paths) == 0:
		if why := l.ces.Refused(e.VRF, e.Prefix); why != "" {
			return "is announced but not used: " + why
		}
		return "has not been received"
	case paths[0].Route.Unusable != "":
		return "cannot be used: " + paths[0].Route.Unusable
	}
	if paths[0].Reason == status.ReasonFull {
		return "is refused: the VRF has as many routes as max-routes allows"
	}
	return fmt.Sprintf("cannot be used: %s %s", paths[0].Reason, paths[0].Route.NextHop)
}

// lacksRoute reports whether an expected route is missing. It begins with the route at
// *from, and leaves there the first that is missing: while routes come, each call looks
// at few of them.
func (l *loop) lacksRoute(from *int) bool {
	for *from < len(l.cfg.Expect) {
		if l.missingRoute(l.cfg.Expect[*from]) != "" {
			return true
		}
		*from++
	}
	return false
}

// missingRoute returns what keeps an expected route from being used; "" if nothing
// does.
func (l *loop) missingRoute(e config.Expect) string {
	v := l.vrfs.VRF(e.VRF)
	if v == nil {
		return "has no VRF"
	}
	key := fib.Key{VRF: v.ID, Prefix: e.Prefix}
	if _, ok := l.fib.Route(key); !ok {
		return l.whyNoRoute(e)
	}
	for _, p := range l.vrfs.Used(key) {
		if hop := p.Route.NextHop; p.Remote() && !l.links.Answers(hop) {
			return fmt.Sprintf("waits for its next hop %s to answer", hop)
		}
	}
	return ""
}

// missingCEs reports the sessions with CEs that are not up: those of hosts whose
// command the lab runs are missing, others are waited for.
func (l *loop) missingCEs(missing func(string, ...any)) (waiting []string) {
	for _, c := range l.ces.CEs() {
		for _, s := range c.BGP.Sessions {
			state := c.Peers[s.PeerAddress]
			if state.State == bgp.StateEstablished || c.BGP.Shutdown {
				continue
			}
			what := fmt.Sprintf("BGP session with %s (%s, AS %d) in VRF %s", c.Port.Who(), s.PeerAddress, c.BGP.AS, c.VRF())
			switch {
			case state.Reason != "":
				waiting = append(waiting, fmt.Sprintf("router %s: the %s is kept down: %s", l.name(), what, state.Reason))
			case c.Awaited:
				missing("the %s is not established%s", what, whyDown(state))
			default:
				waiting = append(waiting, fmt.Sprintf("router %s: the %s is not established yet%s", l.name(), what, whyDown(state)))
			}
		}
	}
	return waiting
}
