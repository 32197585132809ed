package vpn

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Type is how the six value octets of a route distinguisher or a route target
// are divided between administrator and assigned number
// (RFC 4364 section 4.2, RFC 4360 section 3, RFC 5668).
type Type uint8

// The three divisions in use.
const (
	TypeAS2  Type = 0 // 2-octet AS number : 4-octet number
	TypeIPv4 Type = 1 // IPv4 address : 2-octet number
	TypeAS4  Type = 2 // 4-octet AS number : 2-octet number
)

// value is the administrator and assigned number of a route distinguisher or
// route target. It is comparable.
type value struct {
	kind     Type
	admin    uint32 // the AS number, or the IPv4 address in network order
	assigned uint32
}

func parseValue(s string) (value, error) {
	adminText, assignedText, ok := strings.Cut(s, ":")
	if !ok || adminText == "" || assignedText == "" {
		return value{}, errors.New("want ADMINISTRATOR:NUMBER, as in 65001:101 or 10.0.0.1:7")
	}
	v, bits, err := parseAdmin(adminText)
	if err != nil {
		return value{}, err
	}
	n, err := parseNumber(assignedText, bits)
	if err != nil {
		return value{}, fmt.Errorf("number %q does not fit into %d bits", assignedText, bits)
	}
	v.assigned = n
	return v, nil
}

// parseAdmin returns the administrator, and the width of the assigned number in
// bits.
func parseAdmin(s string) (value, int, error) {
	if strings.Contains(s, ".") {
		a, err := netip.ParseAddr(s)
		if err != nil || !a.Is4() {
			return value{}, 0, fmt.Errorf("administrator %q is not an IPv4 address", s)
		}
		b := a.As4()
		admin := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		return value{kind: TypeIPv4, admin: admin}, 16, nil
	}
	digits, four := strings.CutSuffix(s, "L")
	n, err := parseNumber(digits, 32)
	if err != nil {
		return value{}, 0, fmt.Errorf("administrator %q is neither an AS number nor an IPv4 address", s)
	}
	if four || n > 0xffff {
		return value{kind: TypeAS4, admin: n}, 16, nil
	}
	return value{kind: TypeAS2, admin: n}, 32, nil
}

// parseNumber accepts only plain decimal digits: no sign, no underscore, no
// leading zero, so that each value has one spelling.
func parseNumber(s string, bits int) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return 0, err
	}
	if strconv.FormatUint(n, 10) != s {
		return 0, strconv.ErrSyntax
	}
	return uint32(n), nil
}

func (v value) String() string {
	switch {
	case v.kind == TypeIPv4:
		b := [4]byte{byte(v.admin >> 24), byte(v.admin >> 16), byte(v.admin >> 8), byte(v.admin)}
		return fmt.Sprintf("%s:%d", netip.AddrFrom4(b), v.assigned)
	case v.kind == TypeAS4 && v.admin <= 0xffff:
		return fmt.Sprintf("%dL:%d", v.admin, v.assigned)
	default:
		return fmt.Sprintf("%d:%d", v.admin, v.assigned)
	}
}

func (v value) compare(w value) int {
	switch {
	case v.kind != w.kind:
		return int(v.kind) - int(w.kind)
	case v.admin != w.admin:
		return cmpUint32(v.admin, w.admin)
	default:
		return cmpUint32(v.assigned, w.assigned)
	}
}

func cmpUint32(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// octets returns the six value octets in network order.
func (v value) octets() [6]byte {
	if v.kind == TypeAS2 {
		return [6]byte{
			byte(v.admin >> 8), byte(v.admin),
			byte(v.assigned >> 24), byte(v.assigned >> 16), byte(v.assigned >> 8), byte(v.assigned),
		}
	}
	return [6]byte{
		byte(v.admin >> 24), byte(v.admin >> 16), byte(v.admin >> 8), byte(v.admin),
		byte(v.assigned >> 8), byte(v.assigned),
	}
}

func valueFromOctets(kind Type, b [6]byte) (value, error) {
	switch kind {
	case TypeAS2:
		return value{
			kind:     kind,
			admin:    uint32(b[0])<<8 | uint32(b[1]),
			assigned: uint32(b[2])<<24 | uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5]),
		}, nil
	case TypeIPv4, TypeAS4:
		return value{
			kind:     kind,
			admin:    uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]),
			assigned: uint32(b[4])<<8 | uint32(b[5]),
		}, nil
	}
	return value{}, fmt.Errorf("unknown type %d", kind)
}
