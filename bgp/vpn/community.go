package vpn

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Community is a community of a route (RFC 1997).
type Community uint32

// The communities that restrict where a route is announced (RFC 1997).
const (
	NoExport          Community = 0xffffff01
	NoAdvertise       Community = 0xffffff02
	NoExportSubconfed Community = 0xffffff03
)

// The communities of long-lived graceful restart (RFC 9494).
const (
	LLGRStale Community = 0xffff0006 // the route is kept as the last resort
	NoLLGR    Community = 0xffff0007 // it must not be
)

// GracefulShutdown marks routes of a router that will soon forward no more (RFC 8326).
const GracefulShutdown Community = 0xffff0000

// wellKnown are the communities that have names.
var wellKnown = map[string]Community{
	"no-export": NoExport, "no-advertise": NoAdvertise, "no-export-subconfed": NoExportSubconfed,
	"no-peer":           0xffffff04, // RFC 3765
	"graceful-shutdown": GracefulShutdown,
	"llgr-stale":        LLGRStale,  // RFC 9494
	"no-llgr":           NoLLGR,     // RFC 9494
	"blackhole":         0xffff029a, // RFC 7999
}

// ParseCommunity reads "65001:100", or the name of a well-known community.
func ParseCommunity(s string) (Community, error) {
	if c, ok := wellKnown[s]; ok {
		return c, nil
	}
	high, low, ok := strings.Cut(s, ":")
	a, err1 := parseNumber(high, 16)
	b, err2 := parseNumber(low, 16)
	if !ok || err1 != nil || err2 != nil {
		return 0, fmt.Errorf("community %q: want two numbers up to 65535, as in 65001:100, or a name such as no-export", s)
	}
	return Community(a<<16 | b), nil
}

// String returns the community in the form that ParseCommunity reads.
func (c Community) String() string {
	for name, known := range wellKnown {
		if c == known {
			return name
		}
	}
	return fmt.Sprintf("%d:%d", uint32(c)>>16, uint32(c)&0xffff)
}

// MarshalText implements encoding.TextMarshaler.
func (c Community) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Community) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCommunity(string(b))
	return err
}

// LargeCommunity is a large community, with room for a 4-octet AS (RFC 8092).
type LargeCommunity [3]uint32

// ParseLargeCommunity reads "65001:1:2".
func ParseLargeCommunity(s string) (c LargeCommunity, err error) {
	parts := strings.Split(s, ":")
	bad := len(parts) != len(c)
	for i := 0; !bad && i < len(c); i++ {
		c[i], err = parseNumber(parts[i], 32)
		bad = err != nil
	}
	if bad {
		return LargeCommunity{}, fmt.Errorf("large community %q: want three numbers up to 4294967295, as in 65001:1:2", s)
	}
	return c, nil
}

// String returns the community in the form that ParseLargeCommunity reads.
func (c LargeCommunity) String() string { return fmt.Sprintf("%d:%d:%d", c[0], c[1], c[2]) }

// MarshalText implements encoding.TextMarshaler.
func (c LargeCommunity) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *LargeCommunity) UnmarshalText(b []byte) (err error) {
	*c, err = ParseLargeCommunity(string(b))
	return err
}

// ExtendedCommunity is an extended community of any type (RFC 4360). Route
// targets and sites of origin are two.
type ExtendedCommunity [8]byte

// ParseExtendedCommunity reads "rt:65001:1", "soo:65001:1", or the eight octets
// of any other as "0x" and 16 hexadecimal digits.
func ParseExtendedCommunity(s string) (ExtendedCommunity, error) {
	kind, rest, _ := strings.Cut(s, ":")
	switch kind {
	case "rt":
		t, err := ParseRouteTarget(rest)
		return t.Bytes(), err
	case "soo":
		o, err := ParseSiteOfOrigin(rest)
		return o.Bytes(), err
	}
	digits, ok := strings.CutPrefix(s, "0x")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != 8 {
		return ExtendedCommunity{}, fmt.Errorf("extended community %q: want rt:65001:1, soo:65001:1, or 0x and 16 hexadecimal digits", s)
	}
	return ExtendedCommunity(b), nil
}

// String returns the community in the form that ParseExtendedCommunity reads.
func (c ExtendedCommunity) String() string {
	if t, ok := RouteTargetFromBytes(c); ok {
		return "rt:" + t.String()
	}
	if o, ok := SiteOfOriginFromBytes(c); ok {
		return "soo:" + o.String()
	}
	return "0x" + hex.EncodeToString(c[:])
}

// MarshalText implements encoding.TextMarshaler.
func (c ExtendedCommunity) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *ExtendedCommunity) UnmarshalText(b []byte) (err error) {
	*c, err = ParseExtendedCommunity(string(b))
	return err
}
