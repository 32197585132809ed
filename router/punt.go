package router

import (
	"time"

	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/slowpath"
)

// reasons translates the switch's reasons into the slow path's.
var reasons = map[pipeline.Reason]slowpath.Reason{
	pipeline.ReasonARP:         slowpath.ARP,
	pipeline.ReasonND:          slowpath.ND,
	pipeline.ReasonLocal:       slowpath.Local,
	pipeline.ReasonTTL:         slowpath.TTL,
	pipeline.ReasonGlean:       slowpath.Glean,
	pipeline.ReasonResolve:     slowpath.Resolve,
	pipeline.ReasonUnreachable: slowpath.Unreachable,
	pipeline.ReasonTooBig:      slowpath.TooBig,
	pipeline.ReasonHeardARP:    slowpath.ARP,
	pipeline.ReasonHeardND:     slowpath.ND,
}

// punt handles a packet from the switch.
func (l *loop) punt(p ovs.PacketIn) {
	switch {
	case p.Reason == pipeline.ReasonLocal && l.probes.hear(p, time.Now()), (echo{l}).hear(p, time.Now()):
		return
	case p.Reason == pipeline.ReasonEcho:
		l.ports.Ignore(p.Port, "no MPLS echo request")
		return
	}
	in := slowpath.Punt{Reason: reasons[p.Reason], Port: p.Port, VRF: p.VRF, Frame: p.Frame}
	if hop, ok := l.fib.NextHop(p.Adjacency); ok {
		in.NextHop, in.OutPort = hop.Addr, hop.Port
		switch {
		case hop.LSP && slowpath.Labeled(p.Frame):
			in.MTU = l.lsps.Room(hop.Addr)
		case hop.LSP:
			in.MTU = l.lsps.Fits()
		}
		if link := l.links.Port(hop.Port); link != nil {
			in.MTU = link.Fits()
			if in.Reason == slowpath.Resolve {
				l.links.Resolve(hop)
				l.ports.Ignore(p.Port, "its next hop is not resolved")
				return
			}
		}
	}
	l.ports.Punt(in)
}
