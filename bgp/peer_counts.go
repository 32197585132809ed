package bgp

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// engineAnswers bounds how long the engine is waited for: it does one thing at a time,
// and the routes of a peer that has gone may keep it busy for a while.
const engineAnswers = time.Second

// keptCounts are what the engine has last said of peers that are down: it alone knows
// what it keeps over their restart.
type keptCounts struct {
	mu     sync.Mutex
	known  map[netip.Addr]peerCount
	asking map[netip.Addr]chan struct{} // closed when the engine has answered
}

// peerCount is how many routes of a peer there are.
type peerCount struct{ received, accepted int }

// set notes the counts of a session that is up.
func (k *keptCounts) set(addr netip.Addr, c peerCount) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[addr] = c
}

// ask has the engine asked about a peer, unless it has yet to answer that.
func (k *keptCounts) ask(addr netip.Addr, ask func() (peerCount, error)) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if answered := k.asking[addr]; answered != nil {
		return answered
	}
	answered := make(chan struct{})
	k.asking[addr] = answered
	go func() {
		c, err := ask()
		k.mu.Lock()
		defer k.mu.Unlock()
		if err == nil {
			k.known[addr] = c
		}
		delete(k.asking, addr)
		close(answered)
	}()
	return answered
}

// of returns the last counts of a peer.
func (k *keptCounts) of(addr netip.Addr) peerCount {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[addr]
}

// keep forgets all peers but these.
func (k *keptCounts) keep(list []PeerState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) <= len(list) {
		return
	}
	there := make(map[netip.Addr]bool, len(list))
	for _, p := range list {
		there[p.Address] = true
	}
	for addr := range k.known {
		if !there[addr] {
			delete(k.known, addr)
		}
	}
}

// countKept asks the engine about peers that are down, all at once. Of those for which
// it does not answer soon, what was last known remains.
func (s *Speaker) countKept(ctx context.Context, down []netip.Addr) {
	var answers []<-chan struct{}
	for _, addr := range down {
		engineAddr := s.sessions.address(addr)
		answers = append(answers, s.counts.ask(addr, func() (peerCount, error) {
			kept, err := s.engine.peer(s.engine.done, engineAddr)
			return peerCount{kept.received, kept.accepted}, err
		}))
	}
	ctx, cancel := context.WithTimeout(ctx, engineAnswers)
	defer cancel()
	for _, answered := range answers {
		select {
		case <-answered:
		case <-ctx.Done():
			return
		}
	}
}
