package pipeline

import (
	"fmt"
	"net"
	"net/netip"
)

// CustomerBGP connects the BGP of an access port's host with the port that has
// the router's end of the sessions. Nothing else passes between the two ports:
// the slow path still handles ARP, neighbour discovery and pings of the gateway.
type CustomerBGP struct {
	Access   uint32           // OpenFlow number of the customer's port
	Port     uint32           // OpenFlow number of the port that leads to the sessions
	MAC      net.HardwareAddr // the gateway's
	Sessions []CustomerPeer
}

// CustomerPeer is one session.
type CustomerPeer struct {
	Gateway netip.Addr
	Peer    netip.Addr
	MAC     net.HardwareAddr // the peer's; nil: not known, packets to it are dropped
}

// bgpPort is the TCP port of BGP (RFC 4271).
const bgpPort = 179

// Flows returns the flows of all sessions. They keep the TTL: peers are
// neighbours on one link.
func (c CustomerBGP) Flows() []Flow {
	l := &list{kind: KindCustomerBGP, id: uint64(c.Access)}
	for _, s := range c.Sessions {
		tcp := tcpBetween(s.Peer, s.Gateway)
		for _, port := range []string{"tp_dst", "tp_src"} {
			l.add(TablePort, prioBGP, join(inPort(c.Access), to(c.MAC), tcp, fmt.Sprintf("%s=%d", port, bgpPort)), output(c.Port))
		}
		away := drop
		if s.MAC != nil {
			away = join(setSrc(c.MAC), setDst(s.MAC), output(c.Access))
		}
		l.add(TablePort, prioBGP, join(inPort(c.Port), tcpBetween(s.Gateway, s.Peer)), away)
	}
	l.add(TablePort, prioRest, inPort(c.Port), drop)
	return l.flows
}

func tcpBetween(src, dst netip.Addr) string {
	if src.Is4() {
		return fmt.Sprintf("tcp,nw_src=%s,nw_dst=%s", src, dst)
	}
	return fmt.Sprintf("tcp6,ipv6_src=%s,ipv6_dst=%s", src, dst)
}
