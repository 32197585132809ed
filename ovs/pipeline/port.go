package pipeline

import (
	"net"
	"net/netip"
	"slices"
)

// Priorities in the port table. The highest wins.
const (
	prioControl   = 400 // ARP, neighbour discovery, labels
	prioHeard     = 350 // ARP and neighbour discovery that others on a segment address to each other
	prioMulticast = 300 // Ethernet multicast and broadcast
	prioBGP       = 270 // BGP of a customer
	prioEcho      = 260 // MPLS echo, in each table that may be the end of its path
	prioOwn       = 250 // to one of our addresses
	prioScope     = 200 // IPv6 link-local and IP multicast addresses
	prioRouted    = 100 // everything else to our MAC address
	prioRest      = 10
)

const (
	broadcast   = "dl_dst=ff:ff:ff:ff:ff:ff"
	multicast   = "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00"
	multicastV6 = "dl_dst=33:33:00:00:00:00/ff:ff:00:00:00:00"
)

// CorePort is a port towards other routers. It accepts labelled packets, and the
// control traffic of the internal port that owns its addresses. A guarded one takes only
// the labels of its Admissions.
type CorePort struct {
	Port      uint32           // OpenFlow number of the wire or NIC
	BGPPort   uint32           // OpenFlow number of the internal port that owns MAC and Addresses
	MAC       net.HardwareAddr // the interface's address; frames to other addresses are dropped
	Addresses []netip.Addr     // the interface's IP addresses; all link-local IPv6 ones are implied
	Meter     uint32           // limits what this port punts outside of any VRF; 0: no limit
	Guarded   bool
	Echo      bool // label-switched paths lead over the port: requests of MPLS echo are answered (RFC 8029)
}

// Flows returns the flows of the port.
func (p CorePort) Flows() []Flow {
	l := &list{kind: KindCorePort, id: uint64(p.Port)}
	wire, us, up := inPort(p.Port), to(p.MAC), output(p.BGPPort)

	l.add(TablePort, prioControl, join(wire, "mpls", us), gotoTable(TableAdmission))
	if !p.Guarded {
		l.add(TableAdmission, 10, join(wire, "mpls"), gotoTable(TableLabel))
	}
	for _, dst := range []string{broadcast, us} {
		l.add(TablePort, prioControl, join(wire, "arp", dst), up)
	}
	for _, icmp := range []string{"133", "134", "135", "136"} {
		for _, dst := range []string{multicastV6, us} {
			l.add(TablePort, prioControl, join(wire, "icmp6,icmp_type="+icmp, dst), up)
		}
	}
	l.add(TablePort, prioOwn, join(wire, us, "ipv6,ipv6_dst=fe80::/10"), up)
	for _, a := range p.Addresses {
		if a.Is6() && a.IsLinkLocalUnicast() {
			continue
		}
		l.add(TablePort, prioOwn, join(wire, us, destinationAddr(a)), up)
	}
	l.add(TablePort, prioRest, wire, drop)
	if p.Echo {
		for _, request := range echoTo {
			l.add(TablePort, prioEcho, join(wire, us, request), join(setVRF(Global), punt(ReasonEcho)))
			// Under the label of a route, too, the meter of the port counts, not that of the VRF.
			l.add(TableTTL, prioEcho, join(wire, request), join(setVRF(Global), punt(ReasonEcho)))
		}
	}
	l.add(TablePort, prioRouted, inPort(p.BGPPort), output(p.Port))
	l.add(TablePunt, prioPuntCore, inPort(p.Port), controller(p.Meter))
	return l.flows
}

// AccessPort is a customer's port in a VRF: a wire to one host, or a segment with any
// number of them.
type AccessPort struct {
	Port         uint32
	VRF          uint32           // non-zero
	MAC          net.HardwareAddr // the gateway's
	Gateways     []netip.Addr     // the router's addresses on this port, including link-local ones
	ControlMeter uint32           // limits ARP and neighbour discovery; 0: no limit
	Meter        uint32           // limits everything else that this port punts; 0: no limit
	HeardMeter   uint32           // limits the ARP and neighbour discovery of a segment's hosts among themselves; 0: a wire
}

// Flows returns the flows of the port.
func (p AccessPort) Flows() []Flow {
	l := &list{kind: KindAccessPort, id: uint64(p.Port)}
	port, us, vrf := inPort(p.Port), to(p.MAC), setVRF(p.VRF)

	if p.HeardMeter == 0 {
		p.alone(l)
	} else {
		p.amongOthers(l)
	}
	l.add(TablePort, prioMulticast, join(port, multicast), drop)
	for _, a := range p.Gateways {
		l.add(TablePort, prioOwn, join(port, us, destinationAddr(a)), join(vrf, punt(ReasonLocal)))
	}
	for _, scope := range []string{
		"ip,nw_dst=224.0.0.0/3",
		"ipv6,ipv6_dst=ff00::/8", "ipv6,ipv6_dst=fe80::/10", "ipv6,ipv6_src=fe80::/10",
		// Martian sources (RFC 1812 section 5.3.7).
		"ip,nw_src=0.0.0.0/8", "ip,nw_src=127.0.0.0/8", "ip,nw_src=224.0.0.0/3",
		"ipv6,ipv6_src=::/127", "ipv6,ipv6_src=ff00::/8",
		// Loopbacks: only routers send MPLS echo, which goes there (RFC 8029 section 5).
		"ip,nw_dst=127.0.0.0/8", "ipv6,ipv6_dst=::1", "ipv6,ipv6_dst=::ffff:127.0.0.0/104",
	} {
		l.add(TablePort, prioScope, join(port, scope), drop)
	}
	for _, family := range []string{"ip", "ipv6"} {
		l.add(TablePort, prioRouted, join(port, us, family), join(vrf, gotoTable(TableTTL)))
	}
	l.add(TablePort, prioRest, port, drop)
	l.puntAccess(p.Port, p.ControlMeter, p.Meter)
	if p.HeardMeter != 0 {
		l.puntHeard(p.Port, p.HeardMeter)
	}
	return l.flows
}

// discovery matches a message of RFC 4861. A hop limit of 255 proves that the sender is
// on the link (section 7.1.1).
func discovery(icmp string) string { return "icmp6,icmp_type=" + icmp + ",nw_ttl=255" }

// alone punts all ARP and neighbour discovery: who else would be meant?
func (p AccessPort) alone(l *list) {
	port, us, vrf := inPort(p.Port), to(p.MAC), setVRF(p.VRF)
	for _, dst := range []string{broadcast, us} {
		l.add(TablePort, prioControl, join(port, "arp", dst), join(vrf, punt(ReasonARP)))
	}
	for _, icmp := range []string{"133", "135", "136"} {
		for _, dst := range []string{multicastV6, us} {
			l.add(TablePort, prioControl, join(port, discovery(icmp), dst), join(vrf, punt(ReasonND)))
		}
	}
}

// amongOthers tells what hosts ask the router from what they ask each other, which
// the router hears only to learn of neighbours that have moved.
func (p AccessPort) amongOthers(l *list) {
	port, us, vrf := inPort(p.Port), to(p.MAC), setVRF(p.VRF)
	control := func(match, reason string) { l.add(TablePort, prioControl, join(port, match), join(vrf, reason)) }
	arp, nd := punt(ReasonARP), punt(ReasonND)
	control(join("arp", us), arp)
	for _, icmp := range []string{"133", "135", "136"} {
		control(join(discovery(icmp), us), nd)
	}
	control(join(discovery("133"), multicastV6), nd)
	for _, g := range p.Gateways {
		if g.Is4() {
			control(join("arp", broadcast, "arp_tpa="+g.String()), arp)
		}
	}
	for _, mac := range p.solicited() {
		control(join(discovery("135"), to(mac)), nd)
	}
	l.add(TablePort, prioHeard, join(port, "arp", broadcast), join(vrf, punt(ReasonHeardARP)))
	for _, icmp := range []string{"135", "136"} {
		l.add(TablePort, prioHeard, join(port, discovery(icmp), multicastV6), join(vrf, punt(ReasonHeardND)))
	}
}

// solicited returns the Ethernet addresses of the solicited-node multicast addresses
// of the router, each once (RFC 4291 section 2.7.1, RFC 2464 section 7): those of its
// gateways, and of the link-local address that follows from its MAC.
func (p AccessPort) solicited() []net.HardwareAddr {
	last := [][]byte{p.MAC[3:6]}
	for _, g := range p.Gateways {
		if g.Is6() {
			last = append(last, g.AsSlice()[13:])
		}
	}
	var out []net.HardwareAddr
	for _, three := range last {
		mac := append(net.HardwareAddr{0x33, 0x33, 0xff}, three...)
		if !slices.ContainsFunc(out, func(o net.HardwareAddr) bool { return o.String() == mac.String() }) {
			out = append(out, mac)
		}
	}
	return out
}
