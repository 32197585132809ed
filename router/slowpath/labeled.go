package slowpath

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Link is a port to other routers.
type Link struct {
	Port      uint32
	Addresses []netip.Addr // of the router there
}

// labelStack is the entries of a label stack as they are on the wire, the outermost first.
type labelStack []byte

// labelEntry is the size of an entry, in octets (RFC 3032 section 2.1).
const labelEntry = 4

const (
	bottomOfStack = 0x01 // in the third octet of an entry
	freshTTL      = 255
)

// maxStack is more entries than any packet needs.
const maxStack = 16

var errStack = errors.New("label stack damaged")

// Labeled reports whether a frame has labels.
func Labeled(frame []byte) bool {
	return len(frame) > ethernetHeader && binary.BigEndian.Uint16(frame[ethernetHeader-2:]) == uint16(layers.EthernetTypeMPLSUnicast)
}

// unlabel splits a frame into its label stack and the frame without it. IP has no type
// under labels: its version tells.
func unlabel(frame []byte) (labelStack, []byte, error) {
	stack := labelStack(frame[ethernetHeader:])
	for n := labelEntry; n <= len(stack) && n <= maxStack*labelEntry; n += labelEntry {
		if stack[n-2]&bottomOfStack == 0 {
			continue
		}
		packet := stack[n:]
		if len(packet) == 0 {
			break
		}
		kind := layers.EthernetTypeIPv4
		if packet[0]>>4 == 6 {
			kind = layers.EthernetTypeIPv6
		}
		bare := binary.BigEndian.AppendUint16(append(make([]byte, 0, ethernetHeader+len(packet)), frame[:ethernetHeader-2]...), uint16(kind))
		return stack[:n], append(bare, packet...), nil
	}
	return nil, nil, errStack
}

// withTTL returns a stack of which the outermost entries have another TTL: n of them.
func (s labelStack) withTTL(ttl uint8, n int) labelStack {
	out := slices.Clone(s)
	for i := range n {
		out[(i+1)*labelEntry-1] = ttl
	}
	return out
}

// label puts a stack into an Ethernet frame with an IP packet.
func (s labelStack) label(frame []byte) []byte {
	out := append(make([]byte, 0, len(frame)+len(s)), frame[:ethernetHeader-2]...)
	out = binary.BigEndian.AppendUint16(out, uint16(layers.EthernetTypeMPLSUnicast))
	return append(append(out, s...), frame[ethernetHeader:]...)
}

// handleLabeled decides about a packet that a label-switched path does not take further.
// Only the end of the path knows the VRF of its source, so that answers continue on the
// path and come back from there (RFC 3032 section 2.3).
func (r *Router) handleLabeled(res *Result, now time.Time, p Punt) {
	stack, bare, err := unlabel(p.Frame)
	if err == nil {
		err = r.in.decode(bare)
	}
	if err != nil {
		res.Ignored = err.Error()
		return
	}
	c := call{Punt: p, now: now}
	c.MTU -= len(stack)
	switch k := &r.in; {
	case p.Reason == TTL:
		r.errorAlong(res, c, stack, timeExceeded)
	case p.Reason != TooBig:
		res.Ignored = "labels that lead nowhere"
	case c.MTU < minIPv4MTU || len(k.raw) <= c.MTU:
		res.Ignored = "not longer than the MTU"
	case k.src.Is6() || k.pieces&dontFragment != 0:
		r.errorAlong(res, c, stack, tooBig)
	default: // RFC 3032 section 3.4
		again := stack.withTTL(min(stack[labelEntry-1], freshTTL-1)+1, 1) // it was counted before
		for _, f := range fragment4(k, c.MTU) {
			res.Out = append(res.Out, Out{Labeled: true, Frame: again.label(f)})
		}
	}
}

// errorAlong sends an ICMP error along the path of the packet or, if the packet is of the
// routers themselves, straight to its source.
func (r *Router) errorAlong(res *Result, c call, stack labelStack, kind icmpError) {
	k := &r.in
	from := r.coreAddress(c.Port, k.src.Is4())
	switch why := c.unanswerable(k); {
	case why != "":
		res.Ignored = why
	case !from.IsValid():
		res.Ignored = "no address to send an error from"
	case !r.errors.allow(c.now, c.flow()):
		res.Ignored = "ICMP error rate limit"
	default:
		e := envelope{srcMAC: k.eth.DstMAC, dstMAC: k.eth.DstMAC, src: from, dst: k.src, ttl: hopLimit + 1, tos: networkControl}
		frame := r.seal(e.about(k), errorMessage(k, kind, c.MTU, stack)...)
		if c.VRF != 0 && len(stack) == labelEntry {
			res.Out = append(res.Out, Out{VRF: c.VRF, Frame: frame})
		} else {
			res.Out = append(res.Out, Out{Labeled: true, Frame: stack.withTTL(freshTTL, len(stack)/labelEntry).label(frame)})
		}
	}
}

// dummy4 is from where a router without an IPv4 address sends ICMP errors about IPv4 packets
// (RFC 7600 section 4.8).
var dummy4 = netip.AddrFrom4([4]byte{192, 0, 0, 8})

// coreAddress returns from where the router sends errors about packets of a family. One
// without IPv4 takes the dummy address, one without IPv6 embeds its IPv4 address (RFC 8215):
// customers must hear of what is too big.
func (r *Router) coreAddress(port uint32, v4 bool) netip.Addr {
	own, four := r.ownAddress(port, v4), r.ownAddress(port, true)
	switch {
	case own.IsValid():
		return own
	case v4:
		return dummy4
	case four.IsValid():
		return embedded(four)
	}
	return netip.Addr{}
}

// ownAddress returns the router's own address of a family: on a link, else one that is on
// none, else on another link; zero if there is none.
func (r *Router) ownAddress(port uint32, v4 bool) (a netip.Addr) {
	find := func(list []netip.Addr) {
		for _, b := range list {
			if !a.IsValid() && b.Is4() == v4 && !linkLocal6(b) {
				a = b
			}
		}
	}
	find(r.links[port])
	find(r.loopbacks)
	for _, list := range r.links {
		find(list)
	}
	return a
}

// embedded returns the IPv6 address of the prefix for local translation that stands for an
// IPv4 address (RFC 6052 section 2.2, RFC 8215).
func embedded(four netip.Addr) netip.Addr {
	six := [16]byte{0: 0x00, 1: 0x64, 2: 0xff, 3: 0x9b, 5: 1}
	copy(six[12:], four.AsSlice())
	return netip.AddrFrom16(six)
}

// Multi-part messages (RFC 4884): the original datagram has this many octets at least, and
// extensions follow it.
const (
	quotedBeforeExtensions = 128
	extensionVersion       = 0x20 // version 2 in the upper half of the octet
	extensionHeader        = 4
	labelStackClass        = 1 // RFC 4950 section 3
	incomingStack          = 1
)

// withStack returns a quoted packet, with zeros up to the length before extensions, and
// the label stack with which the packet came (RFC 4950).
func withStack(raw []byte, stack labelStack) []byte {
	body := make([]byte, quotedBeforeExtensions, quotedBeforeExtensions+2*extensionHeader+len(stack))
	copy(body, raw)
	body = append(body, extensionVersion, 0, 0, 0)
	body = binary.BigEndian.AppendUint16(body, uint16(extensionHeader+len(stack)))
	body = append(append(body, labelStackClass, incomingStack), stack...)
	extensions := body[quotedBeforeExtensions:]
	binary.BigEndian.PutUint16(extensions[2:], gopacket.FoldChecksum(gopacket.ComputeChecksum(extensions, 0)))
	return body
}
