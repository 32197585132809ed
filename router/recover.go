package router

import (
	"context"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/neighbor"
)

// recovery is the time between the start of an agent that has found the switch
// of a killed one, and its first change of the flows. Packets go on as before
// meanwhile, and the agent finds out what there is to forward: hosts answer,
// peers come back and tell all they know (RFC 4724 section 4.1). Then the peers
// are told, and when those that have restarted themselves have told what they
// know, too, one comparison brings the switch in line.
type recovery struct {
	past       *memory
	configured time.Time             // zero before the first configuration
	wanted     map[neighbor.Key]bool // asked for, for the time being
	told       bool                  // the peers
}

// How long a recovery waits.
const (
	recoveryLimit = 20 * time.Second        // for peers whose address answers
	answerLimit   = 1500 * time.Millisecond // for hosts and next hops
	endLimit      = 5 * time.Second         // for the end of RIB of a session that is up
	quietTime     = 4 * time.Second         // after which a peer that sends no end of RIB has told all: some gather routes for a second
)

// recover begins a recovery, before the loop runs.
func (r *reactor) recover(past *memory, flows []pipeline.Cookie) {
	r.fib.StartAbove(flows)
	r.fib.Hold()
	r.recovery = &recovery{past: past, wanted: map[neighbor.Key]bool{}}
	r.recovers.Store(true)
	r.log.Info("the switch of the agent before goes on", "flows", len(flows))
}

// labels are what customers' routes had.
func (v *recovery) labels() map[vpn.LabelKey]vpn.Label {
	had := make(map[vpn.LabelKey]vpn.Label, len(v.past.Labels))
	for _, l := range v.past.Labels {
		had[l.Key] = l.Label
	}
	return had
}

// recall asks for the neighbours that were there, once the ports are.
func (r *reactor) recall(now time.Time) {
	v := r.recovery
	if v == nil || !v.configured.IsZero() {
		return
	}
	v.configured = now
	for _, k := range v.past.Neighbors {
		if r.access[k.Port] == nil || r.wanted[k] || linkLocal(k.Addr) {
			continue
		}
		v.wanted[k] = true
		r.neighborActions(r.neighbors.Want(now, k))
	}
}

// lookBack ends the recovery when all that can be expected is there.
func (r *reactor) lookBack(now time.Time) {
	v := r.recovery
	if v == nil || v.configured.IsZero() {
		return
	}
	waited := now.Sub(v.configured)
	hosts := waited < answerLimit && r.awaitsAnswer()
	if waited < recoveryLimit && (hosts || r.awaitsSession(now, v.told)) {
		return
	}
	if !v.told {
		v.told = true
		r.speakAll()
	}
	// What the switch forwards meanwhile is what was announced before.
	r.fib.RunAfter()
	if waited < recoveryLimit && r.awaitsSession(now, true) {
		return
	}
	for k := range v.wanted {
		if !r.wanted[k] {
			r.neighborActions(r.neighbors.Unwant(now, k))
		}
	}
	r.labels.pool.Prefer(nil)
	r.recovery = nil
	r.recovers.Store(false)
	r.memory.stale = true
	r.fib.Release(func(n int) {
		r.log.Info("the router is as it was before its agent was killed", "flows changed", n, "took", time.Since(v.configured))
	})
}

// speakAll has the peers told what there is to tell, and that it is all.
func (r *reactor) speakAll() {
	speakers := []*bgp.Speaker{r.speaker}
	for _, c := range r.customers {
		speakers = append(speakers, c.speaker)
	}
	r.fib.Then(func() { // after what is to be announced
		for _, s := range speakers {
			go r.tellAll(s)
		}
	})
}

func (r *reactor) tellAll(s *bgp.Speaker) {
	ctx, cancel := context.WithTimeout(context.Background(), recoveryLimit)
	defer cancel()
	if err := s.Restarted(ctx); err != nil {
		r.log.Warn("tell the peers after a restart", "error", err)
	}
}

// awaitsSession reports whether a session that was there may come back, or has
// not told all yet. A peer that has restarted itself waits for us, and counts only
// once it was told.
func (r *reactor) awaitsSession(now time.Time, told bool) bool {
	for _, s := range r.recovery.past.Sessions {
		if s.port == 0 && r.awaitsPeer(now, s, told) || s.port != 0 && r.awaitsCustomer(now, s, told) {
			return true
		}
	}
	return false
}

func (r *reactor) awaitsPeer(now time.Time, s session, told bool) bool {
	for _, configured := range r.cfg.Sessions {
		if configured.PeerAddress.WithZone("") != s.addr.WithZone("") {
			continue
		}
		for _, c := range r.core {
			if c.Name == configured.Interface && (!r.carriers.Up(c.Name) || c.neighbors[s.addr].State == kernel.Failed) {
				return false
			}
		}
		return !r.ends.all(now, s, r.peers[s.addr], told || configured.PeerRouter == "" && !waitsForUs(now, r.peers[s.addr]))
	}
	return false
}

func (r *reactor) awaitsCustomer(now time.Time, s session, told bool) bool {
	c := r.customers[s.port]
	if c == nil || c.gone {
		return false
	}
	if _, answers := r.neighbors.Lookup(c.neighbor(s.addr)); !answers && now.Sub(r.recovery.configured) > answerLimit {
		return false
	}
	for _, configured := range c.BGP.Sessions {
		if configured.PeerAddress == s.addr {
			return !r.ends.all(now, s, c.peers[s.addr], told || !waitsForUs(now, c.peers[s.addr]))
		}
	}
	return false
}

// awaitsAnswer reports whether a host or a next hop may still answer.
func (r *reactor) awaitsAnswer() bool {
	for _, k := range r.recovery.past.Neighbors {
		p := r.access[k.Port]
		if p == nil || !r.carriers.Up(p.Name) || linkLocal(k.Addr) {
			continue
		}
		if _, answers := r.neighbors.Lookup(k); !answers {
			return true
		}
	}
	for hop := range r.tables.NextHops() {
		c := r.coreOf(hop)
		if c != nil && r.carriers.Up(c.Name) && c.neighbors[hop].State != kernel.Failed && c.neighbors[hop].MAC == nil {
			return true
		}
	}
	return false
}

// waitsForUs reports whether a peer that is none of ours has restarted and seems
// to wait for our end of RIB. FRR says for a while after its start that it has
// restarted, and tells its routes all the same.
func waitsForUs(now time.Time, p bgp.PeerState) bool {
	const patience = 3 * time.Second
	return p.Restarting && now.Sub(p.Since) > patience
}

// ends is of which families each session has had the end of RIB since it came
// up.
type ends map[session]map[vpn.Family]bool

func (e ends) heard(s session, f vpn.Family) {
	if e[s] == nil {
		e[s] = map[vpn.Family]bool{}
	}
	e[s][f] = true
}

// state takes note of a session that is up no more.
func (e ends) state(s session, p bgp.PeerState) {
	if p.State != bgp.StateEstablished {
		delete(e, s)
	}
}

// all reports whether the peer has told all it had when the session came up.
func (e ends) all(now time.Time, s session, p bgp.PeerState, told bool) bool {
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

// configureAgain gives the router's links back what they have lost with ports
// that were made anew.
func (r *reactor) configureAgain(ctx context.Context, cfg config.Router) {
	if err := r.Configure(ctx, cfg); err != nil && ctx.Err() == nil {
		r.log.Error("the ports that were made anew cannot be configured", "error", err)
	}
}
