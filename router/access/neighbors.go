package access

import (
	"maps"
	"net/netip"
	"time"

	"pseudowan/router/config"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// act carries out the actions of the neighbour table.
func (s *Ports) act(actions []neighbor.Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case neighbor.Probe:
			s.probe(a)
		case neighbor.Up:
			s.changed = append(s.changed, a.Key)
			s.deliver(a.Pending)
		case neighbor.Moved:
			s.changed = append(s.changed, a.Key)
		case neighbor.Down:
			s.changed = append(s.changed, a.Key)
		case neighbor.Deliver:
			s.deliver(a.Pending)
		case neighbor.Failed:
			for _, w := range a.Pending {
				s.decide(slowpath.Punt{Reason: slowpath.HostUnreachable, Port: w.Port, VRF: w.VRF, Frame: w.Frame})
			}
		}
	}
}

// probe asks a neighbour. On a port that the switch does not know yet, the answer would be
// lost, and the next question comes only after a while: it is asked as soon as the switch
// does.
func (s *Ports) probe(a neighbor.Probe) {
	ask := func() {
		if frame := s.slow.Solicit(a.Key.Port, a.Key.Addr, a.MAC); frame != nil {
			s.output(slowpath.Out{Port: a.Key.Port, Frame: frame})
		}
	}
	if s.fresh[a.Key.Port] {
		s.fib.Then(ask)
		return
	}
	ask()
}

// deliver sends the packets that waited for a neighbour, in order of arrival. They go
// through the switch once it knows the neighbour, so that they are counted and their
// TTL is decremented as usual.
func (s *Ports) deliver(pending []neighbor.Waiting) {
	if len(pending) == 0 {
		return
	}
	s.fib.Then(func() {
		for _, w := range pending {
			s.output(slowpath.Out{VRF: w.VRF, Frame: w.Frame})
		}
	})
}

// Changed returns the neighbours on our ports that appeared, disappeared or moved
// since the last call, in order, and updates their adjacencies.
func (s *Ports) Changed() []neighbor.Key {
	changed := s.changed
	s.changed = nil
	for _, k := range changed {
		if p := s.ports[k.Port]; p != nil {
			s.resolve(p, k.Addr)
		}
	}
	return changed
}

// Idle reports whether a neighbour is a link-local address that is no next hop, so
// that it gets only packets of its own link.
func (s *Ports) Idle(k neighbor.Key) bool { return LinkLocal(k.Addr) && !s.wanted[k] }

// LinkLocal reports whether an address is meaningful on its link only. IPv4 has such
// addresses, too, but they are routed like others.
func LinkLocal(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// Want asks for others, and for every address that the configuration names behind a
// port. It forgets an address that is no longer named, instead of routing to it and
// announcing it until it falls silent. If a host still has it, it is learnt again.
func (s *Ports) Want(now time.Time, vrfs []config.VRF, others []neighbor.Key) {
	s.configured = configuredHosts(s.ports, vrfs)
	want := maps.Clone(s.configured)
	for _, k := range others {
		want[k] = true
	}
	for k := range s.wanted {
		if !want[k] {
			s.act(s.neighbors.Forget(now, k))
		}
	}
	for k := range want {
		s.act(s.neighbors.Want(now, k))
	}
	s.wanted = want
}

// Wanted reports whether a neighbour is asked for permanently.
func (s *Ports) Wanted(k neighbor.Key) bool { return s.wanted[k] }

// Ask asks for a neighbour until Unask.
func (s *Ports) Ask(now time.Time, k neighbor.Key) {
	if !s.wanted[k] {
		s.wanted[k] = true
		s.act(s.neighbors.Want(now, k))
	}
}

// Unask ends Ask. What the configuration names is still asked for.
func (s *Ports) Unask(now time.Time, k neighbor.Key) {
	if s.wanted[k] && !s.configured[k] {
		delete(s.wanted, k)
		s.act(s.neighbors.Unwant(now, k))
	}
}

// Recall asks for a neighbour until Forgo, and reports whether nothing else asks for
// it.
func (s *Ports) Recall(now time.Time, k neighbor.Key) bool {
	if s.ports[k.Port] == nil || s.wanted[k] || LinkLocal(k.Addr) {
		return false
	}
	s.act(s.neighbors.Want(now, k))
	return true
}

// Forgo ends Recall.
func (s *Ports) Forgo(now time.Time, k neighbor.Key) {
	if !s.wanted[k] {
		s.act(s.neighbors.Unwant(now, k))
	}
}
