package lab

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
)

// noiseMaker makes frames that a customer's host might send, by mistake or on
// purpose. It builds them octet by octet, because no library would write many of
// them.
type noiseMaker struct {
	*emitter
	*rand.Rand
	mark   []byte // in the payload of everything
	me4    netip.Addr
	me6    netip.Addr
	gate4  netip.Addr
	gate6  netip.Addr
	far4   netip.Addr // in its own VPN, behind the other router
	far6   netip.Addr
	others []net.HardwareAddr // MACs of other VPNs' hosts
	labels []uint32           // of other VPNs
	core   []netip.Addr       // the routers' addresses in the core
}

var be = binary.BigEndian

// frame returns an Ethernet frame with the mark after its payload.
func (m *noiseMaker) frame(to, from net.HardwareAddr, kind uint16, body ...[]byte) []byte {
	b := append(append([]byte{}, to...), from...)
	b = be.AppendUint16(b, kind)
	for _, part := range body {
		b = append(b, part...)
	}
	return append(b, m.mark...)
}

// up returns a frame to the gateway.
func (m *noiseMaker) up(kind uint16, body ...[]byte) []byte {
	return m.frame(m.gate, m.mac, kind, body...)
}

// all returns a broadcast frame.
func (m *noiseMaker) all(kind uint16, body ...[]byte) []byte {
	return m.frame(broadcastMAC, m.mac, kind, body...)
}

// some returns a few random octets.
func (m *noiseMaker) some(most int) []byte {
	b := make([]byte, m.IntN(most+1))
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return b
}

func (m *noiseMaker) anyMAC() net.HardwareAddr {
	b := be.AppendUint64(nil, m.Uint64())[:6]
	b[0] = b[0]&^1 | 2
	return b
}

func (m *noiseMaker) any4() netip.Addr {
	var b [4]byte
	be.PutUint32(b[:], m.Uint32())
	return netip.AddrFrom4(b)
}

// pick returns one of several.
func pick[T any](m *noiseMaker, of ...T) T { return of[m.IntN(len(of))] }

// ip4 is an IPv4 packet without its Ethernet header, whose length includes the mark.
type ip4 struct {
	src, dst netip.Addr
	proto    byte
	ttl      byte
	pieces   uint16 // flags and fragment offset
	options  []byte
	payload  []byte
}

func (m *noiseMaker) pack4(p ip4) []byte {
	header := 20 + len(p.options)
	b := []byte{4<<4 | byte(header/4), 0, 0, 0, 0, 0, 0, 0, p.ttl, p.proto, 0, 0}
	be.PutUint16(b[2:], uint16(header+len(p.payload)+len(m.mark)))
	be.PutUint16(b[4:], uint16(m.Uint32()))
	be.PutUint16(b[6:], p.pieces)
	b = append(append(b, p.src.AsSlice()...), p.dst.AsSlice()...)
	b = append(b, p.options...)
	be.PutUint16(b[10:], sum(b))
	return append(b, p.payload...)
}

func sum(b []byte) uint16 {
	return gopacket.FoldChecksum(gopacket.ComputeChecksum(b, 0))
}

func (m *noiseMaker) pack6(src, dst netip.Addr, next, hops byte, payload ...[]byte) []byte {
	b := []byte{6 << 4, 0, 0, 0, 0, 0, next, hops}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	for _, p := range payload {
		b = append(b, p...)
	}
	be.PutUint16(b[4:], uint16(len(b)-40+len(m.mark)))
	return b
}

// icmp6 returns an ICMPv6 message whose checksum is correct including the mark.
func (m *noiseMaker) icmp6(src, dst netip.Addr, hops, kind byte, body ...[]byte) []byte {
	message := []byte{kind, 0, 0, 0}
	for _, p := range body {
		message = append(message, p...)
	}
	pseudo := append(append([]byte{}, src.AsSlice()...), dst.AsSlice()...)
	pseudo = be.AppendUint32(pseudo, uint32(len(message)+len(m.mark)))
	pseudo = append(pseudo, 0, 0, 0, 58)
	pseudo = append(append(pseudo, message...), m.mark...)
	be.PutUint16(message[2:], sum(pseudo))
	return m.pack6(src, dst, 58, hops, message)
}

// udp returns a datagram without checksum, which IPv4 allows.
func (m *noiseMaker) udp(from, to uint16, payload []byte) []byte {
	b := be.AppendUint16(be.AppendUint16(nil, from), to)
	b = be.AppendUint16(b, uint16(8+len(payload)+len(m.mark)))
	return append(append(b, 0, 0), payload...)
}

// tcp returns a segment without a correct checksum.
func (m *noiseMaker) tcp(from, to uint16, flags byte) []byte {
	b := be.AppendUint16(be.AppendUint16(nil, from), to)
	b = be.AppendUint32(be.AppendUint32(b, m.Uint32()), m.Uint32())
	return append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
}

// echo4 returns a ping.
func (m *noiseMaker) echo4(src, dst netip.Addr, ttl byte) []byte {
	message := append([]byte{8, 0, 0, 0}, be.AppendUint32(nil, m.Uint32())...)
	be.PutUint16(message[2:], sum(append(append([]byte{}, message...), m.mark...)))
	return m.pack4(ip4{src: src, dst: dst, proto: 1, ttl: ttl, payload: message})
}

// claim returns an ARP packet.
func (m *noiseMaker) claim(op uint16, mac net.HardwareAddr, from, to netip.Addr) []byte {
	b := []byte{0, 1, 8, 0, 6, 4, 0, byte(op)}
	b = append(append(b, mac...), from.AsSlice()...)
	return append(append(b, make([]byte, 6)...), to.AsSlice()...)
}

// stack returns a label stack, outermost first.
func stack(ttl byte, labels ...uint32) []byte {
	var b []byte
	for i, l := range labels {
		entry := l<<12 | uint32(ttl)
		if i == len(labels)-1 {
			entry |= 1 << 8
		}
		b = be.AppendUint32(b, entry)
	}
	return b
}
