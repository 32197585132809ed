package plan

import (
	"pseudowan/router/config"
	"pseudowan/topology"
)

// vrfLinks plans the links that belong to VRFs (RFC 4364 section 10a). To each router the
// other one is like a host that speaks BGP.
func (b *planner) vrfLinks() {
	for _, l := range b.topology.Links {
		var ends []End
		for i := range l.Ends {
			if a, ok := l.AtVRF(i); ok {
				ends = append(ends, b.vrfEnd(l.Ends[i], a, !l.Ends[1-i].BGP.Shutdown))
			}
		}
		if len(ends) > 0 {
			b.plan.Wires = append(b.plan.Wires, Wire{ends[0], ends[1]})
		}
	}
}

// vrfEnd plans the ports of an end and returns the end of its wire. The sessions there are
// awaited unless the other end keeps them down.
func (b *planner) vrfEnd(e topology.LinkEnd, a topology.HostAttachment, awaited bool) End {
	c := b.routers[e.Router]
	mac := e.MAC
	if len(mac) == 0 { // not one that follows from the port's number: the other end's may be the same
		mac = derivedMAC(b.topology.Name, e.Router, "bgp-"+e.Interface)
	}
	access := config.Access{
		Port: b.hostPort(e.Router, a.Host), Name: e.Interface, VRF: a.VRF, MAC: mac.String(),
		Gateways: a.Gateways, MTU: a.MTU, Host: a.Host, Router: true,
	}
	for _, p := range a.Addresses {
		access.Expect = append(access.Expect, p.Addr())
	}
	access.CE = b.customer(a.Host, awaited, a.Attachment, access)
	c.Access = append(c.Access, access)
	b.bindings(c, a.Host, a.Attachment)
	return End{
		Node: e.Router, Interface: e.Interface, MTU: a.MTU, Alias: e.Router + ":" + e.Interface,
		MAC: derivedMAC(b.topology.Name, e.Router, e.Interface).String(),
	}
}
