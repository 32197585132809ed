package inject

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// Table is routes by their path attributes: what a peer can be told in few messages.
type Table struct {
	Routes     []Route // those with equal attributes beside each other, IPv4 first
	Attributes []Attributes
}

// Route is a prefix with the index of its attributes.
type Route struct {
	Prefix     netip.Prefix
	Attributes uint32
}

// Attributes are path attributes as they are sent (RFC 4271 section 4.3), with AS numbers
// of four octets: ORIGIN and AS_PATH, and others than next hops and local preferences,
// which a session adds.
type Attributes struct{ Path, Others string }

// MaxRoutes limits a table: so many prefixes have room in memory, and in the address space.
const MaxRoutes = 10_000_000

// builder collects the routes of a table, without duplicates.
type builder struct {
	table Table
	index map[Attributes]uint32
	seen  map[netip.Prefix]bool
	avoid Avoid
}

func newBuilder(size int, avoid Avoid) *builder {
	return &builder{index: make(map[Attributes]uint32), seen: make(map[netip.Prefix]bool, size), avoid: avoid}
}

// free reports whether the table may get a prefix.
func (b *builder) free(p netip.Prefix) bool { return !b.seen[p] && !b.avoid.Has(p) }

func (b *builder) attributes(a Attributes) uint32 {
	i, ok := b.index[a]
	if !ok {
		i = uint32(len(b.table.Attributes))
		b.index[a], b.table.Attributes = i, append(b.table.Attributes, a)
	}
	return i
}

func (b *builder) add(p netip.Prefix, attributes uint32) {
	b.seen[p] = true
	b.table.Routes = append(b.table.Routes, Route{p, attributes})
}

// finish orders the routes.
func (b *builder) finish() *Table {
	slices.SortStableFunc(b.table.Routes, func(x, y Route) int {
		if x4, y4 := x.Prefix.Addr().Is4(), y.Prefix.Addr().Is4(); x4 != y4 {
			if x4 {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.Attributes, y.Attributes)
	})
	return &b.table
}

// Split returns the IPv4 routes and the IPv6 routes.
func (t *Table) Split() (four, six *Table) {
	n := slices.IndexFunc(t.Routes, func(r Route) bool { return r.Prefix.Addr().Is6() })
	if n < 0 {
		n = len(t.Routes)
	}
	return &Table{t.Routes[:n], t.Attributes}, &Table{t.Routes[n:], t.Attributes}
}

// String counts.
func (t *Table) String() string {
	return fmt.Sprintf("%d routes with %d different sets of attributes", len(t.Routes), len(t.Attributes))
}

// Avoid are prefixes that no route may overlap, sorted, none within another.
type Avoid []netip.Prefix

// NewAvoid makes a set of prefixes.
func NewAvoid(list []netip.Prefix) Avoid {
	sorted := slices.Clone(list)
	for i, p := range sorted {
		sorted[i] = p.Masked()
	}
	slices.SortFunc(sorted, netip.Prefix.Compare) // wider ones first
	var out Avoid
	for _, p := range sorted {
		if len(out) == 0 || !out[len(out)-1].Overlaps(p) {
			out = append(out, p)
		}
	}
	return out
}

// Has reports whether a prefix overlaps one of them.
func (a Avoid) Has(p netip.Prefix) bool {
	i, _ := slices.BinarySearchFunc(a, p, func(have, p netip.Prefix) int { return have.Addr().Compare(p.Addr()) })
	return i < len(a) && a[i].Overlaps(p) || i > 0 && a[i-1].Overlaps(p)
}

// reserved are the blocks of addresses that nobody has in the Internet (RFC 6890).
var reserved = parseAll("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

func parseAll(list ...string) Avoid {
	var a []netip.Prefix
	for _, s := range list {
		a = append(a, netip.MustParsePrefix(s))
	}
	return NewAvoid(a)
}
