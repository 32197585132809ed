package slowpath

import (
	"net"
	"net/netip"

	"github.com/gopacket/gopacket/layers"
)

// Solicit returns the ARP request or neighbour solicitation for addr on port: to
// everyone if mac is nil, else only to mac, as a probe. It is nil if the port has no
// source address for it.
func (r *Router) Solicit(port uint32, addr netip.Addr, mac net.HardwareAddr) []byte {
	p := r.ports[port]
	if p == nil || !p.onLink(addr) || p.has(addr) {
		return nil
	}
	src := p.source(addr)
	if !addr.Is4() {
		return r.solicitation(p, src, addr, mac)
	}
	dst := mac
	if mac == nil {
		dst, mac = broadcastMAC, make(net.HardwareAddr, 6)
	}
	return r.arp(layers.ARPRequest, p.MAC, src, mac, addr, dst)
}

func (r *Router) solicitation(p *port, src, target netip.Addr, mac net.HardwareAddr) []byte {
	e := envelope{srcMAC: p.MAC, dstMAC: mac, src: src, dst: target, ttl: ndHopLimit, proto: layers.IPProtocolICMPv6}
	if mac == nil {
		e.dst = solicitedNode(target)
		e.dstMAC = multicastMAC(e.dst)
	}
	return r.seal(e,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)},
		&layers.ICMPv6NeighborSolicitation{
			TargetAddress: target.AsSlice(),
			Options:       layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: p.MAC}},
		})
}

// GratuitousAnnounce returns the frames that announce our MAC on a port: an ARP
// announcement (RFC 5227 section 2.3) or an unsolicited neighbour
// advertisement (RFC 4861 section 7.2.6) for each gateway address. Send them
// when the port comes up.
func (r *Router) GratuitousAnnounce(port uint32) [][]byte {
	p := r.ports[port]
	if p == nil {
		return nil
	}
	frames := make([][]byte, 0, len(p.own))
	for _, a := range p.own {
		frames = append(frames, r.announce(p, a))
	}
	return frames
}

func (r *Router) announce(p *port, a netip.Addr) []byte {
	if a.Is4() {
		return r.arp(layers.ARPRequest, p.MAC, a, make(net.HardwareAddr, 6), a, broadcastMAC)
	}
	return r.advertisement(p, a, allNodes, multicastMAC(allNodes), flagRouter|flagOverride)
}
