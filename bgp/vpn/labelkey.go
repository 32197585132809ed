package vpn

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
)

// LabelMode is which routes of a VRF share a label.
type LabelMode string

// The label modes. PerNextHop, the default, has one label for the connected
// routes of a family and one for each next hop of the other routes: each CE.
const (
	PerNextHop LabelMode = "per-next-hop"
	PerCE      LabelMode = "per-ce" // another name of PerNextHop, in files alone
	PerVRF     LabelMode = "per-vrf"
	PerPrefix  LabelMode = "per-prefix"
)

// LabelKind is what the routes that share a label have in common.
type LabelKind string

// The kinds of labels.
const (
	LabelConnected LabelKind = "connected" // the connected routes of a VRF
	LabelNextHop   LabelKind = "next-hop"  // the routes with one next hop
	LabelPrefix    LabelKind = "prefix"    // the routes to one prefix
	LabelVRF       LabelKind = "vrf"       // all routes of a VRF
)

// LabelKey identifies the routes that share a label. They have one family: only
// the label tells what follows it on the wire.
type LabelKey struct {
	VRF     string
	Kind    LabelKind
	Family  Family
	NextHop netip.Addr   // LabelNextHop only
	Prefix  netip.Prefix // LabelPrefix only
}

// Binding is a label and the routes that it is for.
type Binding struct {
	Label Label    `json:"label"`
	Key   LabelKey `json:"key"`
}

// KeyFor returns the label key of a VRF's route to prefix. The zero nextHop means
// a connected route, the zero mode PerNextHop.
func (m LabelMode) KeyFor(vrf string, prefix netip.Prefix, nextHop netip.Addr) LabelKey {
	key := LabelKey{VRF: vrf, Family: FamilyOf(prefix)}
	switch {
	case m == PerVRF:
		key.Kind = LabelVRF
	case m == PerPrefix:
		key.Kind, key.Prefix = LabelPrefix, prefix
	case nextHop.IsValid():
		key.Kind, key.NextHop = LabelNextHop, nextHop
	default:
		key.Kind = LabelConnected
	}
	return key
}

// String returns the key in words.
func (k LabelKey) String() string {
	switch k.Kind {
	case LabelNextHop:
		return fmt.Sprintf("VRF %s, next hop %s", k.VRF, k.NextHop)
	case LabelPrefix:
		return fmt.Sprintf("VRF %s, prefix %s", k.VRF, k.Prefix)
	}
	return fmt.Sprintf("VRF %s, %s %s", k.VRF, k.Family, k.Kind)
}

// Compare orders keys by VRF, kind, family, next hop and prefix.
func (k LabelKey) Compare(o LabelKey) int {
	return cmp.Or(
		cmp.Compare(k.VRF, o.VRF), cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.Family, o.Family),
		k.NextHop.Compare(o.NextHop), k.Prefix.Compare(o.Prefix),
	)
}

// MarshalText returns the short form of the key: red|vpnv4|connected,
// red|10.1.0.2, red|10.9.0.0/16, or red|vpnv4 for all routes of a VRF. A next hop
// of the other IP version is followed by the family, as in red|fe80::1|vpnv4.
func (k LabelKey) MarshalText() ([]byte, error) {
	switch k.Kind {
	case LabelConnected:
		return fmt.Appendf(nil, "%s|%s|%s", k.VRF, k.Family, k.Kind), nil
	case LabelNextHop:
		if k.Family != familyOfAddr(k.NextHop) {
			return fmt.Appendf(nil, "%s|%s|%s", k.VRF, k.NextHop, k.Family), nil
		}
		return fmt.Appendf(nil, "%s|%s", k.VRF, k.NextHop), nil
	case LabelPrefix:
		return fmt.Appendf(nil, "%s|%s", k.VRF, k.Prefix), nil
	case LabelVRF:
		return fmt.Appendf(nil, "%s|%s", k.VRF, k.Family), nil
	}
	return nil, fmt.Errorf("label key of VRF %s: unknown kind %q", k.VRF, k.Kind)
}

// UnmarshalText reads what MarshalText writes.
func (k *LabelKey) UnmarshalText(text []byte) error {
	vrf, rest, ok := strings.Cut(string(text), "|")
	if !ok {
		return fmt.Errorf("label key %q has no VRF", text)
	}
	*k = LabelKey{VRF: vrf}
	first, second, two := strings.Cut(rest, "|")
	switch f := Family(first); f {
	case VPNv4, VPNv6:
		k.Kind, k.Family = LabelVRF, f
		if two {
			k.Kind = LabelKind(second)
		}
		if two && k.Kind != LabelConnected {
			return fmt.Errorf("label key %q: unknown kind %q", text, second)
		}
		return nil
	}
	return k.parseRoute(first, Family(second))
}

// parseRoute reads a prefix, or a next hop and the family if it is not that of the
// next hop.
func (k *LabelKey) parseRoute(s string, f Family) (err error) {
	if strings.Contains(s, "/") {
		k.Kind = LabelPrefix
		if k.Prefix, err = netip.ParsePrefix(s); err != nil {
			return fmt.Errorf("label key: %w", err)
		}
		k.Family = FamilyOf(k.Prefix)
		return nil
	}
	k.Kind = LabelNextHop
	if k.NextHop, err = netip.ParseAddr(s); err != nil {
		return fmt.Errorf("label key: %w", err)
	}
	k.Family = cmp.Or(f, familyOfAddr(k.NextHop))
	if k.Family != VPNv4 && k.Family != VPNv6 {
		return fmt.Errorf("label key: unknown family %q", f)
	}
	return nil
}

func familyOfAddr(a netip.Addr) Family {
	if a.Is4() {
		return VPNv4
	}
	return VPNv6
}
