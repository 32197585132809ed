package vpn

import (
	"fmt"
	"net/netip"
	"strings"
)

// Label is a 20-bit MPLS label value (RFC 3032).
type Label uint32

// The labels that a router may allocate. Lower ones are reserved (RFC 3032 section
// 2.1, RFC 7274).
const (
	LabelFirstUnreserved Label = 16
	LabelMax             Label = 1<<20 - 1
)

// LabelRange is an inclusive range of labels that a router may allocate.
type LabelRange struct {
	First Label `json:"first"`
	Last  Label `json:"last"`
}

// ParseLabelRange reads "1000-1999". Reserved labels (0 to 15) are refused.
func ParseLabelRange(s string) (LabelRange, error) {
	firstText, lastText, ok := strings.Cut(s, "-")
	if !ok {
		return LabelRange{}, fmt.Errorf("label range %q: want FIRST-LAST, as in 1000-1999", s)
	}
	first, err1 := parseNumber(strings.TrimSpace(firstText), 20)
	last, err2 := parseNumber(strings.TrimSpace(lastText), 20)
	if err1 != nil || err2 != nil {
		return LabelRange{}, fmt.Errorf("label range %q: labels are numbers from %d to %d", s, LabelFirstUnreserved, LabelMax)
	}
	r := LabelRange{Label(first), Label(last)}
	if r.First < LabelFirstUnreserved {
		return LabelRange{}, fmt.Errorf("label range %q: labels 0 to 15 are reserved (RFC 3032)", s)
	}
	if r.First > r.Last {
		return LabelRange{}, fmt.Errorf("label range %q: the first label is greater than the last", s)
	}
	return r, nil
}

// Size returns the number of labels in the range.
func (r LabelRange) Size() int { return int(r.Last) - int(r.First) + 1 }

// Contains reports whether l is in the range.
func (r LabelRange) Contains(l Label) bool { return r.First <= l && l <= r.Last }

// String returns the range in the form that ParseLabelRange reads.
func (r LabelRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// Family is an address family of routes.
type Family string

// The two families of labelled VPN routes (RFC 4364, RFC 4659).
const (
	VPNv4 Family = "vpnv4"
	VPNv6 Family = "vpnv6"
)

// The two families of plain routes, without RD and label (RFC 4271, RFC 2545).
const (
	IPv4 Family = "ipv4"
	IPv6 Family = "ipv6"
)

// The two families of labelled routes without RD (RFC 8277): those to next hops.
const (
	LabeledIPv4 Family = "ipv4-labeled"
	LabeledIPv6 Family = "ipv6-labeled"
)

// Plain returns the family of plain routes of the same IP version.
func (f Family) Plain() Family {
	switch f {
	case VPNv4, LabeledIPv4:
		return IPv4
	case VPNv6, LabeledIPv6:
		return IPv6
	}
	return f
}

// Labeled returns the family of labelled routes without RD of the same IP version.
func (f Family) Labeled() Family {
	if f.Plain() == IPv4 {
		return LabeledIPv4
	}
	return LabeledIPv6
}

// FamilyOf returns the family that carries VPN routes to p.
func FamilyOf(p netip.Prefix) Family {
	if p.Addr().Is4() {
		return VPNv4
	}
	return VPNv6
}
