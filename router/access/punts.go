package access

import (
	"maps"
	"time"

	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// Punt handles a packet from the switch.
func (s *Ports) Punt(in slowpath.Punt) {
	if out := s.ports[in.OutPort]; out != nil {
		in.MTU = out.MTU
	}
	s.decide(in)
}

// decide carries out the decision of the slow path.
func (s *Ports) decide(in slowpath.Punt) {
	now := time.Now()
	result := s.slow.Handle(now, in)
	for _, n := range result.Seen {
		s.act(s.neighbors.Seen(now, neighbor.Key{Port: n.Port, Addr: n.Addr}, n.MAC,
			neighbor.Evidence{Solicited: n.Solicited, Override: n.Override}))
	}
	for _, u := range result.Resolve {
		s.act(s.neighbors.Resolve(now, neighbor.Key{Port: u.Port, Addr: u.Addr},
			neighbor.Waiting{Port: u.Ingress, VRF: u.VRF, Frame: u.Frame}))
	}
	for _, c := range result.Conflicts {
		s.conflict(now, c)
	}
	s.output(result.Out...)
	if result.Ignored != "" {
		s.Ignore(in.Port, result.Ignored)
	}
}

// conflictEvery keeps a station that keeps claiming one of our addresses from filling
// the log.
const conflictEvery = time.Minute

func (s *Ports) conflict(now time.Time, c slowpath.Conflict) {
	key := neighbor.Key{Port: c.Port, Addr: c.Addr}
	if now.Sub(s.conflicts[key]) < conflictEvery {
		return
	}
	s.conflicts[key] = now
	s.log.Warn("another station claims a gateway address", "port", c.Port, "address", c.Addr, "mac", c.MAC.String())
}

// Ignore counts a punted packet that gets no answer.
func (s *Ports) Ignore(port uint32, why string) {
	s.ignored[port]++
	s.log.Debug("a punted packet is ignored", "port", port, "reason", why)
}

// Ignored counts the punted packets that got no answer, by the port where they
// came in.
func (s *Ports) Ignored() map[uint32]uint64 { return maps.Clone(s.ignored) }
