package slowpath

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// EchoRequest returns the frame of an echo request from the router itself, for the route
// table, which sets its MAC addresses and takes one off its TTL: a TTL of 1 ends at the next
// node. Its sequence number is 1.
func EchoRequest(from, to netip.Addr, ttl uint8, id uint16, size int) ([]byte, error) {
	r := &Router{buf: gopacket.NewSerializeBuffer()}
	e := envelope{srcMAC: make([]byte, 6), dstMAC: make([]byte, 6), src: from, dst: to, ttl: ttl, proto: layers.IPProtocolICMPv4}
	if ttl < 255 {
		e.ttl++ // the route table's
	}
	data := gopacket.Payload(make([]byte, size))
	var frame []byte
	if to.Is4() {
		frame = r.seal(e, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: id, Seq: 1}, data)
	} else {
		e.proto = layers.IPProtocolICMPv6
		frame = r.seal(e, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoRequest, 0)},
			&layers.ICMPv6Echo{Identifier: id, SeqNumber: 1}, data)
	}
	if frame == nil {
		return nil, errors.New("the request does not fit an IP packet")
	}
	return frame, nil
}

// Echo is an answer to an echo request, or an error message about one.
type Echo struct {
	ID   uint16
	From netip.Addr // who says so
	To   netip.Addr // of the request
	What string     // "" for an answer
}

// ReadEcho reads an answer to an echo request, or an ICMP error that quotes one.
func ReadEcho(frame []byte) (Echo, bool) {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	switch icmp := p.Layer(layers.LayerTypeICMPv4); {
	case icmp != nil:
		ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		return readEcho4(ip, icmp.(*layers.ICMPv4))
	}
	ip, _ := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	icmp, _ := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if ip == nil || icmp == nil {
		return Echo{}, false
	}
	return readEcho6(ip, icmp)
}

func readEcho4(ip *layers.IPv4, icmp *layers.ICMPv4) (e Echo, ok bool) {
	if ip == nil {
		return e, false
	}
	e.From, _ = netip.AddrFromSlice(ip.SrcIP.To4())
	switch icmp.TypeCode.Type() {
	case layers.ICMPv4TypeEchoReply:
		e.ID, e.To = icmp.Id, e.From
		return e, true
	case layers.ICMPv4TypeTimeExceeded, layers.ICMPv4TypeDestinationUnreachable:
	default:
		return e, false
	}
	quoted := icmp.Payload
	const least, echo = 20, 8
	if len(quoted) < least || quoted[0]>>4 != 4 {
		return e, false
	}
	head := int(quoted[0]&0xf) * 4
	if len(quoted) < head+echo || quoted[9] != byte(layers.IPProtocolICMPv4) || quoted[head] != layers.ICMPv4TypeEchoRequest {
		return e, false
	}
	e.To = netip.AddrFrom4([4]byte(quoted[16:20]))
	e.ID, e.What = binary.BigEndian.Uint16(quoted[head+4:]), said4(icmp.TypeCode)
	return e, true
}

func readEcho6(ip *layers.IPv6, icmp *layers.ICMPv6) (e Echo, ok bool) {
	e.From, _ = netip.AddrFromSlice(ip.SrcIP)
	const unused, head, echo = 4, 40, 8
	body := icmp.Payload
	switch icmp.TypeCode.Type() {
	case layers.ICMPv6TypeEchoReply:
		if len(body) < unused {
			return e, false
		}
		e.ID, e.To = binary.BigEndian.Uint16(body), e.From
		return e, true
	case layers.ICMPv6TypeTimeExceeded, layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6TypePacketTooBig:
	default:
		return e, false
	}
	if len(body) < unused+head+echo {
		return e, false
	}
	quoted := body[unused:]
	if quoted[0]>>4 != 6 || quoted[6] != byte(layers.IPProtocolICMPv6) || quoted[head] != layers.ICMPv6TypeEchoRequest {
		return e, false
	}
	e.To = netip.AddrFrom16([16]byte(quoted[24:40]))
	e.ID, e.What = binary.BigEndian.Uint16(quoted[head+4:]), said6(icmp.TypeCode)
	return e, true
}
