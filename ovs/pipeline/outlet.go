package pipeline

import (
	"fmt"
	"net"
	"net/netip"
)

// Outlet connects the router's own TCP connections in a VRF with the port that leads
// to them. Nothing else passes: what comes to the router's addresses in the VRF is
// still the slow path's.
type Outlet struct {
	Port  uint32           // OpenFlow number of the port that leads to the connections
	MAC   net.HardwareAddr // of the interface behind it
	VRF   uint32           // non-zero
	Peers []OutletPeer
}

// OutletPeer is a server that the router connects to.
type OutletPeer struct {
	Local  netip.Addr // the router's address in the VRF
	Server netip.AddrPort
}

// Flows returns the flows of the outlet. What leaves is looked up in the VRF as if
// from a host of it; answers are caught on their way to the slow path, from
// wherever they come.
func (o Outlet) Flows() []Flow {
	l := &list{kind: KindOutlet, id: uint64(o.Port)}
	for _, p := range o.Peers {
		server := p.Server.Addr()
		l.add(TablePort, prioBGP, join(inPort(o.Port), tcpBetween(p.Local, server), fmt.Sprintf("tp_dst=%d", p.Server.Port())),
			join(setVRF(o.VRF), gotoTable(TableRoute)))
		l.add(TablePunt, prioPuntOutlet, join(vrfIs(o.VRF), tcpBetween(server, p.Local), fmt.Sprintf("tp_src=%d", p.Server.Port())),
			join(setDst(o.MAC), output(o.Port)))
	}
	l.add(TablePort, prioRest, inPort(o.Port), drop)
	return l.flows
}
