package slowpath

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// handleARP answers and learns (RFC 826, RFC 5227).
func (r *Router) handleARP(res *Result, c call) {
	arp, ok := decodeARP(r.in.eth.Payload)
	if c.port == nil || !ok {
		res.Ignored = "ARP on a port without gateway, or not of IPv4 over Ethernet"
		return
	}
	sender := net.HardwareAddr(arp.SourceHwAddress)
	from, _ := netip.AddrFromSlice(arp.SourceProtAddress)
	to, _ := netip.AddrFromSlice(arp.DstProtAddress)
	switch {
	case !unicastMAC(sender):
		res.Ignored = "ARP from a MAC that no station has"
		return
	case c.port.has(from):
		r.handleConflict(res, c, from, sender)
		return
	case c.port.onLink(from):
		res.Seen = append(res.Seen, Seen{
			Port: c.Port, Addr: from, MAC: bytes.Clone(sender), Override: true,
			Solicited: arp.Operation == layers.ARPReply && c.port.has(to) && bytes.Equal(arp.DstHwAddress, c.port.MAC),
		})
	}
	// A host may ask from an address of another of its interfaces: that gets an
	// answer, but is not learnt.
	if arp.Operation == layers.ARPRequest && c.port.has(to) {
		res.Out = append(res.Out, Out{Port: c.Port, Frame: r.arp(layers.ARPReply, c.port.MAC, to, sender, from, sender)})
	}
}

// decodeARP checks the sizes first, because gopacket 1.3.1 adds them in eight bits
// and panics if they are large.
func decodeARP(data []byte) (arp layers.ARP, ok bool) {
	if len(data) < 28 || data[4] != 6 || data[5] != 4 {
		return arp, false
	}
	err := arp.DecodeFromBytes(data, gopacket.NilDecodeFeedback)
	return arp, err == nil && arp.AddrType == layers.LinkTypeEthernet && arp.Protocol == layers.EthernetTypeIPv4
}

// handleConflict reports who claims addr, and repeats our own claim at the pace of
// RFC 5227 section 2.4. Our own frames, which return on a looped wire, are no claim.
func (r *Router) handleConflict(res *Result, c call, addr netip.Addr, mac net.HardwareAddr) {
	if bytes.Equal(mac, c.port.MAC) {
		res.Ignored = "our own frame"
		return
	}
	res.Conflicts = append(res.Conflicts, Conflict{Port: c.Port, Addr: addr, MAC: bytes.Clone(mac)})
	if r.defences.allow(c.now, c.Port) {
		res.Out = append(res.Out, Out{Port: c.Port, Frame: r.announce(c.port, addr)})
	}
}

// arp makes an ARP packet about from, which is mac's, to the owner of to.
func (r *Router) arp(op uint16, mac net.HardwareAddr, from netip.Addr, target net.HardwareAddr, to netip.Addr, dst net.HardwareAddr) []byte {
	return r.serialize(
		&layers.Ethernet{SrcMAC: mac, DstMAC: dst, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, Operation: op,
			SourceHwAddress: mac, SourceProtAddress: from.AsSlice(),
			DstHwAddress: target, DstProtAddress: to.AsSlice(),
		})
}
