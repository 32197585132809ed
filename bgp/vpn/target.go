package vpn

import "fmt"

// targetSubtype is the extended community sub-type "route target"
// (RFC 4360 section 4).
const targetSubtype = 0x02

// RouteTarget is a route target (RFC 4364 section 4.3.1): an extended community
// that determines which VRFs import a route. Targets are comparable.
type RouteTarget struct{ v value }

// ParseRouteTarget reads a route target, in the spellings of ParseRD.
func ParseRouteTarget(s string) (RouteTarget, error) {
	v, err := parseValue(s)
	if err != nil {
		return RouteTarget{}, fmt.Errorf("route target %q: %w", s, err)
	}
	return RouteTarget{v}, nil
}

// RouteTargetFromBytes decodes an extended community. ok is false if the community
// is not a transitive route target.
func RouteTargetFromBytes(b [8]byte) (t RouteTarget, ok bool) {
	if b[0] > byte(TypeAS4) || b[1] != targetSubtype {
		return RouteTarget{}, false
	}
	v, err := valueFromOctets(Type(b[0]), [6]byte(b[2:]))
	return RouteTarget{v}, err == nil
}

// Bytes returns the eight octets of the extended community.
func (t RouteTarget) Bytes() [8]byte {
	b := [8]byte{byte(t.v.kind), targetSubtype}
	o := t.v.octets()
	copy(b[2:], o[:])
	return b
}

// Type returns how the value is divided.
func (t RouteTarget) Type() Type { return t.v.kind }

// String returns the target in the form that ParseRouteTarget reads.
func (t RouteTarget) String() string { return t.v.String() }

// Compare orders targets by type, administrator and number.
func (t RouteTarget) Compare(o RouteTarget) int { return t.v.compare(o.v) }

// MarshalText implements encoding.TextMarshaler.
func (t RouteTarget) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *RouteTarget) UnmarshalText(b []byte) error {
	v, err := ParseRouteTarget(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
