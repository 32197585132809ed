package slowpath

import (
	"net/netip"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// call is a punt with the port and the VRFs to which it belongs.
type call struct {
	Punt
	now  time.Time
	port *port  // nil for a core port, or none
	vrf  uint32 // where its destination was looked up
	own  *vrf   // nil if the VRF has no interface on this router
	home *vrf   // of its source: that of the ingress port, which an imported route may have left
}

// Handle decides about one packet. It never fails: it ignores what makes no sense,
// for the reason in Result.Ignored.
func (r *Router) Handle(now time.Time, p Punt) Result {
	var res Result
	if Labeled(p.Frame) {
		r.handleLabeled(&res, now, p)
		return res
	}
	if err := r.in.decode(p.Frame); err != nil {
		res.Ignored = err.Error()
		return res
	}
	c := r.locate(now, p)
	switch {
	case r.in.eth.EthernetType == layers.EthernetTypeARP:
		r.handleARP(&res, c)
	case r.in.discovery():
		r.handleND(&res, c)
	case p.Reason == ARP || p.Reason == ND:
		res.Ignored = "neither ARP nor neighbour discovery"
	case c.gateway(r.in.dst) != nil:
		r.handleLocal(&res, c)
	default:
		r.handleTransit(&res, c)
	}
	return res
}

func (r *Router) locate(now time.Time, p Punt) call {
	c := call{Punt: p, now: now, port: r.ports[p.Port], vrf: p.VRF}
	if c.vrf == 0 && c.port != nil {
		c.vrf = c.port.VRF
	}
	c.own = r.vrfs[c.vrf]
	c.home = c.own
	if c.port != nil {
		c.home = r.vrfs[c.port.VRF]
	}
	return c
}

// gateway returns the port that answers for a: any of the VRF's, or, for a link-local
// address, the one where the packet came in; nil if a is not ours.
func (c call) gateway(a netip.Addr) *port {
	if c.port != nil && c.port.VRF == c.vrf && c.port.has(a) {
		return c.port
	}
	if c.own == nil {
		return nil
	}
	return c.own.gateways[a]
}

// speaker returns the port, with its address, that sends to dst for the router: the
// port where the packet came in, else the lowest of the VRF with an address of
// the family.
func (c call) speaker(dst netip.Addr) (*port, netip.Addr) {
	if c.port != nil {
		if a := c.port.source(dst); a.IsValid() {
			return c.port, a
		}
	}
	if c.home == nil || linkLocal6(dst) {
		return nil, netip.Addr{}
	}
	for _, p := range c.home.ports {
		if a := p.source(dst); a.IsValid() {
			return p, a
		}
	}
	return nil, netip.Addr{}
}

// handleTransit handles packets to other destinations.
func (r *Router) handleTransit(res *Result, c call) {
	k := &r.in
	if !unicast(k.dst) || k.eth.DstMAC[0]&1 != 0 || c.own != nil && c.own.broadcast(k.dst) {
		res.Ignored = "multicast or broadcast"
		return
	}
	if linkLocal6(k.dst) || linkLocal6(k.src) {
		res.Ignored = "link-local address beyond its link"
		return
	}
	switch c.Reason {
	case TTL:
		r.sendError(res, c, timeExceeded)
	case Unreachable:
		r.sendError(res, c, noRoute)
	case HostUnreachable:
		r.sendError(res, c, noHost)
	case TooBig:
		r.handleTooBig(res, c)
	case Glean, Resolve:
		r.resolve(res, c)
	case Local:
		res.Ignored = "no gateway address"
	default:
		res.Ignored = "unknown reason"
	}
}

// resolve hands the packet on to wait for its neighbour.
func (r *Router) resolve(res *Result, c call) {
	hop := c.NextHop
	if !hop.IsValid() && c.Reason == Glean {
		hop = r.in.dst
	}
	if !hop.IsValid() {
		res.Ignored = "no next hop given"
		return
	}
	to := r.ports[c.OutPort]
	if c.OutPort == 0 && c.own != nil {
		to = c.own.holder(hop)
	}
	switch {
	case to == nil || !to.onLink(hop):
		r.sendError(res, c, noRoute)
	case to.has(hop):
		res.Ignored = "next hop is a gateway address"
	default:
		res.Resolve = append(res.Resolve, Unresolved{Port: to.Port, Addr: hop, Ingress: c.Port, VRF: c.vrf, Frame: c.Frame})
	}
}
