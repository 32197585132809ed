package pipeline

import (
	"net"
	"net/netip"
)

// Global is the number of the router's own routing table, which no VRF has: it has the
// ways to the loopbacks of other routers.
const Global uint32 = 1 << 16

// Loopback is the internal port that owns those addresses of the router that are on no
// link (RFC 4364 section 4.3.2: the next hops of VPN routes, and the ends of their
// sessions).
type Loopback struct {
	Port      uint32
	MAC       net.HardwareAddr
	Addresses []netip.Addr
	Links     []LoopbackLink
	Pipe      bool // see LSP
}

// LoopbackLink is a link over which packets for the loopback come.
type LoopbackLink struct {
	Port uint32
	MAC  net.HardwareAddr // the router's on the link
}

// Flows returns the flows of the port. What comes from it is looked up in the global
// table. What is for it comes without a label, or under an explicit null (RFC 4182).
func (p Loopback) Flows() []Flow {
	l := &list{kind: KindLoopback, id: uint64(p.Port)}
	up := join(setDst(p.MAC), output(p.Port))
	for _, family := range []string{"ip", "ipv6"} {
		l.add(TablePort, prioRouted, join(inPort(p.Port), family), join(setVRF(Global), gotoTable(TableRoute)))
	}
	l.add(TablePort, prioRest, inPort(p.Port), drop)
	for _, null := range []string{"0", "2"} { // of the base they lose their TTL
		l.add(TableLabel, 110, "mpls,mpls_label="+null+",mpls_bos=0", join(popTo("0x8847", "NXM_NX_MPLS_TTL", !p.Pipe), resubmit(TableAdmission)))
	}
	l.add(TableLabel, 110, "mpls,mpls_label=0,mpls_bos=1", join(setVRF(Global), popTo("0x0800", "NXM_NX_IP_TTL", !p.Pipe), gotoTable(TableRoute)))
	l.add(TableLabel, 110, "mpls,mpls_label=2,mpls_bos=1", join(setVRF(Global), popTo("0x86dd", "NXM_NX_IP_TTL", !p.Pipe), gotoTable(TableRoute)))
	for _, a := range p.Addresses {
		l.add(TableRoute, routePriority(netip.PrefixFrom(a, a.BitLen())), join(vrfIs(Global), destinationAddr(a)), up)
		for _, link := range p.Links {
			l.add(TablePort, prioOwn, join(inPort(link.Port), to(link.MAC), destinationAddr(a)), up)
		}
	}
	for _, request := range echoTo {
		l.add(TableRoute, prioEcho, join(vrfIs(Global), request), punt(ReasonEcho))
	}
	return l.flows
}

// echoTo are where requests of MPLS echo go, which no router passes on: whatever uncovers
// them is the end of their path (RFC 8029 section 2.1, RFC 9570 section 4). They come to it
// without a label or under one of a VRF (see CorePort), or under an explicit null.
var echoTo = []string{
	"udp,nw_dst=127.0.0.0/8,udp_dst=3503",
	"udp6,ipv6_dst=::1,udp_dst=3503",
	"udp6,ipv6_dst=::ffff:127.0.0.0/104,udp_dst=3503",
}
