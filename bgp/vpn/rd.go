package vpn

import (
	"encoding/binary"
	"fmt"
)

// RD is a route distinguisher (RFC 4364 section 4.2). The zero value is the
// valid RD 0:0. RDs are comparable.
type RD struct{ v value }

// ParseRD reads a route distinguisher: "65001:101" (type 0),
// "10.0.0.1:7" (type 1), "4200000000:7" or "65001L:7" (type 2).
func ParseRD(s string) (RD, error) {
	v, err := parseValue(s)
	if err != nil {
		return RD{}, fmt.Errorf("route distinguisher %q: %w", s, err)
	}
	return RD{v}, nil
}

// RDFromBytes decodes the eight octets of the RD in a VPN-IPv4 or VPN-IPv6
// address.
func RDFromBytes(b [8]byte) (RD, error) {
	kind := binary.BigEndian.Uint16(b[:2])
	if kind > uint16(TypeAS4) {
		return RD{}, fmt.Errorf("route distinguisher: unknown type %d", kind)
	}
	v, err := valueFromOctets(Type(kind), [6]byte(b[2:]))
	if err != nil {
		return RD{}, fmt.Errorf("route distinguisher: %w", err)
	}
	return RD{v}, nil
}

// typeUnknown marks an RD of an undefined type. Its first four octets are its
// administrator, the others its number.
const typeUnknown Type = 255

// UnknownRD decodes an RD of any type for display. A type that ParseRD does not
// read must not be announced.
func UnknownRD(b [8]byte) RD {
	if rd, err := RDFromBytes(b); err == nil {
		return rd
	}
	return RD{value{typeUnknown, binary.BigEndian.Uint32(b[:4]), binary.BigEndian.Uint32(b[4:])}}
}

// Bytes returns the eight octets of the RD in a VPN address.
func (r RD) Bytes() [8]byte {
	var b [8]byte
	if r.v.kind == typeUnknown {
		binary.BigEndian.PutUint32(b[:4], r.v.admin)
		binary.BigEndian.PutUint32(b[4:], r.v.assigned)
		return b
	}
	b[1] = byte(r.v.kind)
	o := r.v.octets()
	copy(b[2:], o[:])
	return b
}

// Type returns how the value is divided.
func (r RD) Type() Type { return r.v.kind }

// String returns the RD in the form that ParseRD reads; one of an unknown type as
// its type and its value in hexadecimal digits: "type7:0000fde90065".
func (r RD) String() string {
	if r.v.kind == typeUnknown {
		b := r.Bytes()
		return fmt.Sprintf("type%d:%x", binary.BigEndian.Uint16(b[:2]), b[2:])
	}
	return r.v.String()
}

// Compare orders RDs by type, administrator and number.
func (r RD) Compare(o RD) int { return r.v.compare(o.v) }

// MarshalText implements encoding.TextMarshaler.
func (r RD) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *RD) UnmarshalText(b []byte) error {
	v, err := ParseRD(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}
