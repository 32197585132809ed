package router

import (
	"context"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/neighbor"
)

// recovery is the time between the start of an agent that finds the switch of a
// killed one, and its first change of the flows. Meanwhile, packets are forwarded
// as before, and the agent learns what to forward: hosts answer, peers come back
// and send all their routes (RFC 4724 section 4.1). Then it announces its own
// routes, waits for peers that have themselves restarted, and brings the switch in
// line by one comparison.
type recovery struct {
	past       *memory
	configured time.Time             // zero before the first configuration
	wanted     map[neighbor.Key]bool // asked for during the recovery
	told       bool                  // our routes are announced
	done       func()
}

// How long a recovery waits.
const (
	recoveryLimit = 20 * time.Second        // for peers whose address answers
	answerLimit   = 1500 * time.Millisecond // for hosts and next hops
	endLimit      = 5 * time.Second         // for the End-of-RIB of an established session
	quietTime     = 4 * time.Second         // after which a peer without End-of-RIB counts as done; some collect routes for a second
)

// recover begins a recovery before the loop runs. done is called at its end.
func (l *loop) recover(past *memory, flows []pipeline.Cookie, done func()) {
	l.fib.StartAbove(flows)
	l.fib.Hold()
	l.recovery = &recovery{past: past, wanted: map[neighbor.Key]bool{}, done: done}
	l.log.Info("taking over the switch of the previous agent", "flows", len(flows))
}

// knownLabels returns the labels, in addition to those of the plan, that peers know: those
// of now, and those before the recovery.
func (l *loop) knownLabels() map[vpn.LabelKey]vpn.Label {
	known, _ := l.vrfs.Labels.Given()
	if l.recovery != nil {
		known = append(known, l.recovery.past.Labels...)
	}
	labels := make(map[vpn.LabelKey]vpn.Label, len(known))
	for _, b := range known {
		labels[b.Key] = b.Label
	}
	return labels
}

// recall asks for the earlier neighbours once the ports are configured.
func (l *loop) recall(now time.Time) {
	v := l.recovery
	if v == nil || !v.configured.IsZero() {
		return
	}
	v.configured = now
	for _, k := range v.past.Neighbors {
		if l.ports.Recall(now, k) {
			v.wanted[k] = true
		}
	}
}

// lookBack ends the recovery once everything expected has arrived.
func (l *loop) lookBack(ctx context.Context, now time.Time, p parts) {
	v := l.recovery
	if v == nil || v.configured.IsZero() {
		return
	}
	waited := now.Sub(v.configured)
	hosts := waited < answerLimit && l.awaitsAnswer()
	if waited < recoveryLimit && (hosts || l.awaitsSession(now, v.told)) {
		return
	}
	if !v.told {
		v.told = true
		l.speakAll(ctx, p)
	}
	// Meanwhile, the switch forwards what was announced before.
	l.fib.RunAfter()
	if waited < recoveryLimit && l.awaitsSession(now, true) {
		return
	}
	for k := range v.wanted {
		l.ports.Forgo(now, k)
	}
	l.vrfs.Labels.PreferNone()
	l.recovery = nil
	v.done()
	l.memory.stale = true
	l.fib.Release(func(n int) {
		l.log.Info("recovered the state of the killed agent", "flows changed", n, "took", time.Since(v.configured))
	})
}

// speakAll announces everything to the peers, with End-of-RIB.
func (l *loop) speakAll(ctx context.Context, p parts) {
	speakers := []*bgp.Speaker{p.speaker}
	if p.core != nil {
		speakers = append(speakers, p.core)
	}
	for _, c := range l.ces.CEs() {
		speakers = append(speakers, c.Speaker.Speaker)
	}
	l.fib.Then(func() { // after what is to be announced
		for _, s := range speakers {
			l.background.Go(func() { l.tellAll(ctx, s) })
		}
	})
}

func (l *loop) tellAll(ctx context.Context, s *bgp.Speaker) {
	ctx, cancel := context.WithTimeout(ctx, recoveryLimit)
	defer cancel()
	if err := s.Restarted(ctx); err != nil {
		l.log.Warn("cannot end the restart towards the peers", "error", err)
	}
}

// awaitsSession reports whether an earlier session may come back, or has not yet
// sent everything. A peer that has itself restarted waits for us, so it counts only
// once we have announced our routes.
func (l *loop) awaitsSession(now time.Time, told bool) bool {
	for _, s := range l.recovery.past.Sessions {
		if s.port == 0 && l.awaitsPeer(now, s, told) || s.port != 0 && l.awaitsCE(now, s, told) {
			return true
		}
	}
	return false
}

func (l *loop) awaitsPeer(now time.Time, s peering, told bool) bool {
	for _, configured := range l.cfg.Sessions {
		if configured.PeerAddress.WithZone("") != s.addr.WithZone("") {
			continue
		}
		peer := l.peers[s.addr]
		return !l.links.Fails(configured.Interface, s.addr) && !cameAndWent(now, peer) &&
			!l.ends.all(now, s, peer, told || configured.PeerRouter == "" && !waitsForUs(now, peer))
	}
	return false
}

func (l *loop) awaitsCE(now time.Time, s peering, told bool) bool {
	c := l.ces.CE(s.port)
	if c == nil {
		return false
	}
	if _, answers := l.ports.Lookup(c.Neighbor(s.addr)); !answers && now.Sub(l.recovery.configured) > answerLimit {
		return false
	}
	for _, configured := range c.BGP.Sessions {
		if configured.PeerAddress == s.addr {
			return !cameAndWent(now, c.Peers[s.addr]) && !l.ends.all(now, s, c.Peers[s.addr], told || !waitsForUs(now, c.Peers[s.addr]))
		}
	}
	return false
}

// awaitsAnswer reports whether a host or a next hop may still answer.
func (l *loop) awaitsAnswer() bool {
	for _, k := range l.recovery.past.Neighbors {
		p := l.ports.Port(k.Port)
		if p == nil || !l.carriers.Up(p.Name) || access.LinkLocal(k.Addr) {
			continue
		}
		if _, answers := l.ports.Lookup(k); !answers {
			return true
		}
	}
	for hop := range l.vrfs.NextHops() {
		if l.links.Usable(hop) && !l.links.Answers(hop) {
			return true
		}
	}
	return false
}

// cameAndWent reports whether a session has come back since the start of this agent, and
// has ended again: what it brought is known, and nothing is owed to the sessions of the
// previous agent.
func cameAndWent(now time.Time, p bgp.PeerState) bool {
	return p.State != bgp.StateEstablished && !p.LastEndAt.IsZero() && now.Sub(p.LastEndAt) > quietTime
}

// waitsForUs reports whether an outside peer has restarted and seems to wait for our
// End-of-RIB. FRR claims a restart for a while after its start, but sends its routes
// anyway.
func waitsForUs(now time.Time, p bgp.PeerState) bool {
	const patience = 3 * time.Second
	return p.Restarting && now.Sub(p.Since) > patience
}

// ends holds the families whose End-of-RIB each session has received since it came
// up.
type ends map[peering]map[vpn.Family]bool

func (e ends) heard(s peering, f vpn.Family) {
	if e[s] == nil {
		e[s] = map[vpn.Family]bool{}
	}
	e[s][f] = true
}

// state forgets a session that is not up.
func (e ends) state(s peering, p bgp.PeerState) {
	if p.State != bgp.StateEstablished {
		delete(e, s)
	}
}

// all reports whether the peer has sent all routes that it had when the session came
// up.
func (e ends) all(now time.Time, s peering, p bgp.PeerState, told bool) bool {
	up := now.Sub(p.Since)
	switch {
	case p.State != bgp.StateEstablished:
		return false
	case p.Restarting && !told:
		return true
	case !p.SendsEnd:
		return up > quietTime
	case up > endLimit:
		return true
	}
	for _, f := range p.Families {
		if !e[s][vpn.Family(f)] {
			return false
		}
	}
	return true
}
