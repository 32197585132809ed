package router

import (
	"time"

	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// reasons translates what the switch says into what the slow path knows.
var reasons = map[pipeline.Reason]slowpath.Reason{
	pipeline.ReasonARP:         slowpath.ARP,
	pipeline.ReasonND:          slowpath.ND,
	pipeline.ReasonLocal:       slowpath.Local,
	pipeline.ReasonTTL:         slowpath.TTL,
	pipeline.ReasonGlean:       slowpath.Glean,
	pipeline.ReasonResolve:     slowpath.Resolve,
	pipeline.ReasonUnreachable: slowpath.Unreachable,
	pipeline.ReasonTooBig:      slowpath.TooBig,
}

// punt handles a packet that the switch has handed up.
func (r *reactor) punt(p ovs.PacketIn) {
	in := slowpath.Punt{Reason: reasons[p.Reason], Port: p.Port, VRF: p.VRF, Frame: p.Frame}
	if hop, ok := r.fib.NextHop(p.Adjacency); ok {
		in.NextHop, in.OutPort = hop.Addr, hop.Port
		if c := r.core[hop.Port]; c != nil {
			in.MTU = c.MTU - labelEntry
			if in.Reason == slowpath.Resolve { // the kernel resolves it; what waits is lost, as on any router
				r.wantCore(c, hop.Addr)
				return
			}
		}
		if out := r.access[hop.Port]; out != nil {
			in.MTU = out.MTU
		}
	}
	r.decide(in)
}

// decide lets the slow path decide and carries its decision out.
func (r *reactor) decide(in slowpath.Punt) {
	now := time.Now()
	result := r.slow.Handle(now, in)
	for _, s := range result.Seen {
		r.neighborActions(r.neighbors.Seen(now, neighbor.Key{Port: s.Port, Addr: s.Addr}, s.MAC,
			neighbor.Evidence{Solicited: s.Solicited, Override: s.Override}))
	}
	for _, u := range result.Resolve {
		r.neighborActions(r.neighbors.Resolve(now, neighbor.Key{Port: u.Port, Addr: u.Addr},
			neighbor.Waiting{Port: u.Ingress, VRF: u.VRF, Frame: u.Frame}))
	}
	for _, c := range result.Conflicts {
		r.conflict(now, c)
	}
	r.send(result.Out)
}

// conflictEvery keeps a station that goes on claiming an address of ours from
// filling the log.
const conflictEvery = time.Minute

func (r *reactor) conflict(now time.Time, c slowpath.Conflict) {
	key := neighbor.Key{Port: c.Port, Addr: c.Addr}
	if now.Sub(r.conflicts[key]) < conflictEvery {
		return
	}
	r.conflicts[key] = now
	r.log.Warn("another station claims a gateway address", "port", c.Port, "address", c.Addr, "mac", c.MAC.String())
}

func (r *reactor) send(out []slowpath.Out) {
	for _, o := range out {
		var err error
		if o.Port != 0 {
			err = r.frames.Output(o.Port, o.Frame)
		} else {
			err = r.frames.Inject(o.VRF, o.Frame)
		}
		if err != nil {
			r.log.Warn("send a frame", "port", o.Port, "vrf", o.VRF, "error", err)
		}
	}
}
