package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The first octets of every message, and its kinds.
var magic = [4]byte{'p', 'w', 'v', '1'}

const (
	request = 1
	answer  = 2
	ping    = 3 // what an echo request carries
)

// token identifies a station in answers.
type token [16]byte

// message is the payload of a UDP packet: a request, or the answer to one with
// the token of the responder.
type message struct {
	kind   byte
	ttl    byte // of the request as sent
	run    uint64
	number uint32 // of the probe in the run
	token  token
}

const (
	headLen    = 4 + 1 + 1 + 8 + 4
	messageLen = headLen + len(token{})
)

func (m message) bytes() []byte {
	b := append(make([]byte, 0, messageLen), magic[:]...)
	b = append(b, m.kind, m.ttl)
	b = binary.BigEndian.AppendUint64(b, m.run)
	b = binary.BigEndian.AppendUint32(b, m.number)
	return append(b, m.token[:]...)
}

// parseMessage reads a message, even one that a router quotes without its end.
func parseMessage(b []byte) (m message, ok bool) {
	if len(b) < headLen || !bytes.Equal(b[:4], magic[:]) {
		return m, false
	}
	m.kind, m.ttl = b[4], b[5]
	m.run = binary.BigEndian.Uint64(b[6:])
	m.number = binary.BigEndian.Uint32(b[14:])
	copy(m.token[:], b[headLen:])
	return m, true
}

// Error is an ICMP or ICMPv6 message about a request.
type Error struct {
	By   netip.Addr
	Type uint8
	Code uint8
	TTL  int // of the request as sent
}

// TimeExceeded reports whether the TTL expired on the way.
func (e Error) TimeExceeded() bool {
	if e.By.Is4() {
		return e.Type == 11
	}
	return e.Type == 3
}

// String returns the error in words: "10.1.0.1 says: network unreachable".
func (e Error) String() string { return e.By.String() + " says: " + e.Words() }

// Words returns the kind of error: "network unreachable".
func (e Error) Words() string {
	texts := map[[2]uint8]string{
		{1, 0}: "no route", {1, 1}: "administratively prohibited", {1, 3}: "address unreachable", {1, 4}: "port unreachable",
		{2, 0}: "packet too big",
	}
	if e.By.Is4() {
		texts = map[[2]uint8]string{
			{3, 0}: "network unreachable", {3, 1}: "host unreachable", {3, 3}: "port unreachable", {3, 4}: "packet too big",
			{3, 13}: "administratively prohibited",
		}
	}
	if e.TimeExceeded() {
		return "time exceeded"
	}
	if text, ok := texts[[2]uint8{e.Type, e.Code}]; ok {
		return text
	}
	return fmt.Sprintf("ICMP type %d code %d", e.Type, e.Code)
}

// parseError reads an ICMP message without its IP header and returns the
// request that it quotes.
func parseError(b []byte, by netip.Addr) (e Error, m message, ok bool) {
	const udpHeader, ipv6Header = 8, 40
	if len(b) < icmpHeader+1 {
		return e, m, false
	}
	e = Error{By: by, Type: b[0], Code: b[1]}
	quoted, header := b[icmpHeader:], ipv6Header
	if by.Is4() {
		if e.Type != 3 && e.Type != 11 && e.Type != 12 { // RFC 792: errors
			return e, m, false
		}
		header = int(quoted[0]&15) * 4
	} else if e.Type >= 128 { // RFC 4443 section 2.1: not an error
		return e, m, false
	}
	if len(quoted) < header+udpHeader {
		return e, m, false
	}
	m, ok = parseMessage(quoted[header+udpHeader:])
	e.TTL = int(m.ttl)
	return e, m, ok
}

// unreachablePort reports whether the destination has said that nobody listens
// there: it is reached.
func (e Error) unreachablePort() bool {
	if e.By.Is4() {
		return e.Type == 3 && e.Code == 3
	}
	return e.Type == 1 && e.Code == 4
}

const icmpHeader = 8

// echo is an ICMP or ICMPv6 echo request that carries a message. The kernel
// adds the checksum of ICMPv6.
func echo(m message, v4 bool) []byte {
	kind := byte(128)
	if v4 {
		kind = 8
	}
	m.kind = ping
	b := []byte{kind, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(m.run))
	b = binary.BigEndian.AppendUint16(b, uint16(m.number))
	b = append(b, m.bytes()...)
	if v4 {
		binary.BigEndian.PutUint16(b[2:], checksum(b))
	}
	return b
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// parseEcho reads the answer to an echo request without its IP header.
func parseEcho(b []byte, v4 bool) (m message, ok bool) {
	kind := byte(129)
	if v4 {
		kind = 0
	}
	if len(b) < icmpHeader || b[0] != kind {
		return m, false
	}
	m, ok = parseMessage(b[icmpHeader:])
	return m, ok && m.kind == ping
}

// control returns the ancillary data of a packet with a source address (zero:
// the kernel chooses) and a TTL (0: the kernel's).
func control(to, source netip.Addr, ttl int) []byte {
	var oob []byte
	if source.IsValid() {
		if source.Is4() {
			oob = append(oob, unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: source.As4()})...)
		} else {
			oob = append(oob, unix.PktInfo6(&unix.Inet6Pktinfo{Addr: source.As16()})...)
		}
	}
	if ttl == 0 {
		return oob
	}
	level, kind := unix.IPPROTO_IP, unix.IP_TTL
	if to.Is6() {
		level, kind = unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT
	}
	return append(oob, controlInt(level, kind, ttl)...)
}

// controlInt returns one ancillary message that holds an int.
func controlInt(level, kind, value int) []byte {
	const size = 4
	b := make([]byte, unix.CmsgSpace(size))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0])) // CmsgSpace has room for one
	h.Level, h.Type = int32(level), int32(kind)
	h.SetLen(unix.CmsgLen(size))
	binary.NativeEndian.PutUint32(b[unix.CmsgLen(0):], uint32(value))
	return b
}

// askedAt returns the address that a received packet was sent to.
func askedAt(oob []byte) netip.Addr {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			return netip.AddrFrom4([4]byte(m.Data[8:12])) // ipi_addr
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			return netip.AddrFrom16([16]byte(m.Data[:16]))
		}
	}
	return netip.Addr{}
}
