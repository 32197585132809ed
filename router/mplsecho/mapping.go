package mplsecho

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// Label is an entry of a label stack (RFC 3032 section 2.1).
type Label struct {
	Value uint32
	TC    uint8
	TTL   uint8
}

// ImplicitNull is the label that is never on the wire (RFC 3032 section 2.1).
const ImplicitNull = 3

// isNull reports whether a label is one of those that say only that they are popped.
func (l Label) isNull() bool { return l.Value == 0 || l.Value == 2 || l.Value == ImplicitNull }

const (
	labelEntry    = 4
	bottomOfStack = 0x01 // in the third octet
)

// appendEntry appends an entry; last is its fourth octet.
func (l Label) appendEntry(b []byte, bottom bool, last byte) []byte {
	third := byte(l.Value<<4) | l.TC<<1
	if bottom {
		third |= bottomOfStack
	}
	return append(b, byte(l.Value>>12), byte(l.Value>>4), third, last)
}

func parseEntry(b []byte) Label {
	return Label{Value: binary.BigEndian.Uint32(b) >> 12, TC: b[2] >> 1 & 7, TTL: b[3]}
}

// AppendStack appends a label stack as it is on the wire, the outermost label first.
func AppendStack(b []byte, stack []Label) []byte {
	for i, l := range stack {
		b = l.appendEntry(b, i == len(stack)-1, l.TTL)
	}
	return b
}

// Mapping is where a router sends packets of the FEC next (downstream detailed mapping, RFC
// 8029 section 3.4). In a request it is what the router before has told.
type Mapping struct {
	MTU     int        // longest packet with its labels, in octets
	NextHop netip.Addr // 224.0.0.2 or ff02::2 asks what it is
	Code    Code
	Depth   uint8
	Labels  []Label // with which the packet goes there, the outermost first; ImplicitNull where it has none
}

// Ask returns the mapping of a request whose sender knows nothing of the next router.
func Ask(ipv6 bool) *Mapping {
	m := &Mapping{NextHop: netip.AddrFrom4([4]byte{224, 0, 0, 2})}
	if ipv6 {
		m.NextHop = netip.IPv6LinkLocalAllRouters()
	}
	return m
}

// Types of addresses.
const (
	ipv4Numbered   = 1
	ipv4Unnumbered = 2
	ipv6Numbered   = 3
	ipv6Unnumbered = 4
)

// subLabels is the type of the labels of a mapping.
const subLabels = 2

// protocolBGP says who has assigned a label.
const protocolBGP = 2

const mappingHead = 4 // before the addresses

func (m Mapping) append(b []byte) []byte {
	unknown := m.NextHop.IsMulticast()
	kind := map[bool]byte{true: ipv4Numbered, false: ipv6Numbered}[m.NextHop.Is4()]
	if unknown {
		kind++
	}
	b = binary.BigEndian.AppendUint16(b, uint16(m.MTU))
	b = append(b, kind, 0)
	b = append(b, m.NextHop.AsSlice()...)
	if unknown {
		b = append(b, 0, 0, 0, 0) // the number of an interface
	} else {
		b = append(b, m.NextHop.AsSlice()...)
	}
	var subs []byte
	if len(m.Labels) > 0 {
		var labels []byte
		for i, l := range m.Labels {
			labels = l.appendEntry(labels, i == len(m.Labels)-1, protocolBGP)
		}
		subs = appendTLV(subs, TLV{subLabels, labels})
	}
	b = append(b, byte(m.Code), m.Depth)
	b = binary.BigEndian.AppendUint16(b, uint16(len(subs)))
	return append(b, subs...)
}

func parseMapping(b []byte) (*Mapping, error) {
	const tail = 4
	if len(b) < mappingHead {
		return nil, fmt.Errorf("%w: a downstream mapping of %d octets", errMalformed, len(b))
	}
	m := &Mapping{MTU: int(binary.BigEndian.Uint16(b))}
	address, link, ok := addressSizes(b[2])
	rest := b[mappingHead:]
	if !ok || len(rest) < address+link+tail {
		return nil, fmt.Errorf("%w: a downstream mapping with addresses of type %d", errMalformed, b[2])
	}
	m.NextHop, _ = netip.AddrFromSlice(rest[:address]) // of one of the two lengths
	rest = rest[address+link:]
	m.Code, m.Depth = Code(rest[0]), rest[1]
	size := int(binary.BigEndian.Uint16(rest[2:]))
	if size > len(rest)-tail {
		return nil, fmt.Errorf("%w: a downstream mapping with %d octets more than there are", errMalformed, size-len(rest)+tail)
	}
	subs, err := readTLVs(rest[tail : tail+size])
	if err != nil {
		return nil, err
	}
	for _, s := range subs {
		if s.Type != subLabels {
			continue
		}
		if m.Labels, err = parseEntries(s.Value); err != nil {
			return nil, err
		}
		for i := range m.Labels {
			m.Labels[i].TTL = 0 // there, it is who has assigned the label
		}
	}
	return m, nil
}

// addressSizes returns the octets of the addresses of a router and of its interface.
func addressSizes(kind byte) (address, link int, ok bool) {
	switch kind {
	case ipv4Numbered, ipv4Unnumbered:
		return 4, 4, true
	case ipv6Numbered:
		return 16, 16, true
	case ipv6Unnumbered:
		return 16, 4, true
	}
	return 0, 0, false
}

func parseEntries(b []byte) (list []Label, err error) {
	if len(b)%labelEntry != 0 || len(b) > maxLabels*labelEntry {
		return nil, fmt.Errorf("%w: a label stack of %d octets", errMalformed, len(b))
	}
	for e := range slices.Chunk(b, labelEntry) {
		list = append(list, parseEntry(e))
	}
	return list, nil
}

// Incoming is how a request came to the router that answers (RFC 8029 section 3.6).
type Incoming struct {
	Router netip.Addr // its address
	Stack  []Label    // with which the request came, the outermost first
}

func (in Incoming) append(b []byte) []byte {
	kind := map[bool]byte{true: ipv4Numbered, false: ipv6Numbered}[in.Router.Is4()]
	b = append(b, kind, 0, 0, 0)
	b = append(b, in.Router.AsSlice()...)
	b = append(b, in.Router.AsSlice()...)
	return AppendStack(b, in.Stack)
}

func parseIncoming(b []byte) (*Incoming, error) {
	const head = 4
	if len(b) < head {
		return nil, fmt.Errorf("%w: an interface and label stack of %d octets", errMalformed, len(b))
	}
	address, link, ok := addressSizes(b[0])
	if !ok || len(b) < head+address+link {
		return nil, fmt.Errorf("%w: an interface of type %d", errMalformed, b[0])
	}
	in := &Incoming{}
	in.Router, _ = netip.AddrFromSlice(b[head : head+address]) // of one of the two lengths
	var err error
	in.Stack, err = parseEntries(b[head+address+link:])
	return in, err
}
