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

// RDFromBytes decodes the eight octets that stand in a VPN-IPv4 or VPN-IPv6
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

// Bytes returns the eight octets of the RD as they stand in a VPN address.
func (r RD) Bytes() [8]byte {
	var b [8]byte
	b[1] = byte(r.v.kind)
	o := r.v.octets()
	copy(b[2:], o[:])
	return b
}

// Type tells how the value is divided.
func (r RD) Type() Type { return r.v.kind }

// String prints the RD in the form that ParseRD reads.
func (r RD) String() string { return r.v.String() }

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
