package openflow

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// field is a field of an extensible match (section 7.2.3.7 and nicira-ext).
type field struct {
	class uint16
	id    uint8
	size  int // octets
}

// header is the field's header without a mask, as actions name it.
func (f field) header() uint32 {
	return uint32(f.class)<<16 | uint32(f.id)<<9 | uint32(f.size)
}

// matchFields are the fields in the order in which Open vSwitch sends them.
var matchFields = [...]struct {
	name string
	field
}{
	{"in_port", field{classBasic, 0, 4}},
	{"dl_dst", field{classBasic, 3, 6}},
	{"dl_type", field{classBasic, 5, 2}},
	{"vlan_tci", field{classBasic, 6, 2}},
	{"mpls_bos", field{classBasic, 36, 1}},
	{"mpls_ttl", field{classNicira, 30, 1}},
	{"mpls_label", field{classBasic, 34, 4}},
	{"nw_src", field{classBasic, 11, 4}},
	{"nw_dst", field{classBasic, 12, 4}},
	{"ipv6_src", field{classBasic, 26, 16}},
	{"ipv6_dst", field{classBasic, 27, 16}},
	{"nw_ttl", field{classNicira, 29, 1}},
	{"nw_proto", field{classBasic, 10, 1}},
	{"tp_src", field{classBasic, 13, 2}},
	{"tp_dst", field{classBasic, 14, 2}},
	{"udp_dst", field{classBasic, 16, 2}},
	{"icmp_type", field{classBasic, 29, 1}},
	{"arp_tpa", field{classBasic, 23, 4}},
	{"reg0", register(0)}, {"reg1", register(1)}, {"reg2", register(2)}, {"reg3", register(3)},
	{"reg4", register(4)}, {"reg5", register(5)}, {"reg6", register(6)}, {"reg7", register(7)},
	{"reg8", register(8)}, {"reg9", register(9)},
	{"metadata", field{classBasic, 2, 8}},
}

func register(n uint8) field { return field{classNicira, n, 4} }

// fieldIndex is where a name is in matchFields.
var fieldIndex = func() map[string]int {
	index := make(map[string]int, len(matchFields))
	for i, f := range matchFields {
		index[f.name] = i
	}
	return index
}()

// protocols are the terms that stand for an EtherType, and for an IP protocol where
// that is not 0.
var protocols = map[string]struct {
	etherType uint16
	ip        uint8
}{
	"arp": {etherType: 0x0806}, "mpls": {etherType: 0x8847},
	"ip": {etherType: 0x0800}, "tcp": {0x0800, 6}, "udp": {0x0800, 17},
	"ipv6": {etherType: 0x86dd}, "tcp6": {0x86dd, 6}, "udp6": {0x86dd, 17}, "icmp6": {0x86dd, 58},
}

// condition is the wanted value of a field. All bits count if the mask is empty.
type condition struct{ value, mask []byte }

// appendMatch appends an ofp_match (section 7.2.3.1).
func appendMatch(b []byte, text string) ([]byte, error) {
	var conditions [len(matchFields)]condition
	for term := range terms(text) {
		if err := addCondition(&conditions, term); err != nil {
			return nil, err
		}
	}
	const oxm = 1
	start := len(b)
	b = be.AppendUint16(b, oxm)
	b = append(b, 0, 0)
	for i, c := range conditions {
		if c.value == nil {
			continue
		}
		f := matchFields[i]
		b = be.AppendUint16(b, f.class)
		if len(c.mask) == 0 {
			b = append(b, f.id<<1, uint8(f.size))
		} else {
			b = append(b, f.id<<1|1, uint8(2*f.size))
		}
		b = append(append(b, c.value...), c.mask...)
	}
	b, err := closeLength(b, start, start+2)
	return pad(b, start), err
}

func addCondition(all *[len(matchFields)]condition, term string) error {
	name, value, valued := strings.Cut(term, "=")
	if p, ok := protocols[name]; ok && !valued {
		all[fieldIndex["dl_type"]].value = be.AppendUint16(nil, p.etherType)
		if p.ip != 0 {
			all[fieldIndex["nw_proto"]].value = []byte{p.ip}
		}
		return nil
	}
	i, ok := fieldIndex[name]
	if !ok || !valued {
		return fmt.Errorf("match %q is not known here", term)
	}
	var err error
	all[i], err = readCondition(value, matchFields[i].size)
	if err != nil {
		return fmt.Errorf("match %q: %w", term, err)
	}
	return nil
}

// readCondition reads VALUE, VALUE/MASK or ADDRESS/BITS.
func readCondition(text string, size int) (condition, error) {
	text, mask, masked := strings.Cut(text, "/")
	value, err := readValue(text, size)
	if err != nil || !masked {
		return condition{value: value}, err
	}
	var m []byte
	if bits, err := strconv.ParseUint(mask, 10, 8); err == nil && strings.ContainsAny(text, ".:") {
		if int(bits) > 8*size {
			return condition{}, fmt.Errorf("a prefix of %d bits", bits)
		}
		m = net.CIDRMask(int(bits), 8*size)
	} else if m, err = readValue(mask, size); err != nil {
		return condition{}, err
	}
	return newCondition(value, m), nil
}

// newCondition clears what the mask leaves out. Without any bit left there is no
// condition.
func newCondition(value, mask []byte) condition {
	all, any := true, false
	for i := range mask {
		value[i] &= mask[i]
		all = all && mask[i] == 0xff
		any = any || mask[i] != 0
	}
	switch {
	case !any:
		return condition{}
	case all:
		return condition{value: value}
	}
	return condition{value, mask}
}

// readValue reads a number, a MAC address or an IP address of size octets.
func readValue(text string, size int) ([]byte, error) {
	if size == 6 {
		mac, err := net.ParseMAC(text)
		if err == nil && len(mac) != size {
			err = fmt.Errorf("%s is no MAC address", text)
		}
		return mac, err
	}
	if strings.ContainsAny(text, ".:") {
		a, err := netip.ParseAddr(text)
		if err == nil && len(a.AsSlice()) != size {
			err = fmt.Errorf("%s is of the other address family", text)
		}
		return a.AsSlice(), err
	}
	if size > 8 {
		return nil, fmt.Errorf("%q is no address", text)
	}
	n, err := strconv.ParseUint(text, 0, 8*size)
	if err != nil {
		return nil, err
	}
	return be.AppendUint64(nil, n)[8-size:], nil
}
