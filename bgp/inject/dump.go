package inject

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/bgp/mrt"
)

// Dump describes a table that comes from a table dump (RFC 6396).
type Dump struct {
	Peer       netip.Addr // whose routes; the zero Addr: of each prefix the first route
	IPv4, IPv6 bool       // families
	Limit      int        // of routes; 0: MaxRoutes
	AS         uint32     // as in Generate
	Avoid      Avoid
}

// Left says what of a dump was left out, and why.
type Left struct {
	Malformed int   // routes with attributes that cannot be announced
	First     error // why the first of them
	Avoided   int   // prefixes that overlap others
	Twice     int   // prefixes that are there already
	Unrouted  int   // prefixes of addresses that nobody routes, such as 127.0.0.0/8, or of all: 0.0.0.0/0
}

// String lists what was left out; "" if nothing was.
func (l Left) String() string {
	var words []string
	for _, w := range []struct {
		n    int
		what string
	}{
		{l.Malformed, "with attributes that cannot be announced"}, {l.Avoided, "of prefixes that the lab has"},
		{l.Twice, "of prefixes that are there already"}, {l.Unrouted, "of addresses that nobody routes"},
	} {
		if w.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", w.n, w.what))
		}
	}
	if l.First != nil {
		words = append(words, "the first: "+l.First.Error())
	}
	return strings.Join(words, ", ")
}

// Table reads the dump.
func (d Dump) Table(r io.Reader) (*Table, Left, error) {
	var left Left
	in, err := mrt.NewReader(r)
	if err != nil {
		return nil, left, err
	}
	limit := d.Limit
	if limit == 0 {
		limit = MaxRoutes + 1
	}
	b := newBuilder(0, d.Avoid)
	known := map[string]uint32{} // by the dump's octets: most routes have attributes of others
	for len(b.table.Routes) < limit {
		dumped, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, left, err
		}
		d.enter(b, known, dumped, &left)
	}
	switch n := len(b.table.Routes); {
	case n > MaxRoutes:
		return nil, left, fmt.Errorf("the dump has more than %d routes; take a part of it with a count", MaxRoutes)
	case n == 0:
		return nil, left, d.none(left)
	}
	return b.finish(), left, nil
}

func (d Dump) none(left Left) error {
	switch {
	case left.First != nil:
		return fmt.Errorf("the dump has no route that can be announced: %w", left.First)
	case d.Peer.IsValid():
		return fmt.Errorf("the dump has no route of peer %s in the families asked for", d.Peer)
	}
	return errors.New("the dump has no unicast route in the families asked for")
}

// enter adds the route to a prefix, if there is one.
func (d Dump) enter(b *builder, known map[string]uint32, from mrt.Dumped, left *Left) {
	if four := from.Prefix.Addr().Is4(); four && !d.IPv4 || !four && !d.IPv6 {
		return
	}
	i := slices.IndexFunc(from.Entries, func(e mrt.DumpedRoute) bool { return !d.Peer.IsValid() || e.Peer.Address == d.Peer })
	switch {
	case i < 0:
		return
	case from.Prefix.Bits() == 0 || unrouted.Has(from.Prefix):
		left.Unrouted++
		return
	case b.seen[from.Prefix]:
		left.Twice++
		return
	case b.avoid.Has(from.Prefix):
		left.Avoided++
		return
	}
	raw := from.Entries[i].Attributes
	index, ok := known[string(raw)]
	if !ok {
		a, err := fromDump(raw, d.AS)
		if err != nil {
			if left.Malformed++; left.First == nil {
				left.First = fmt.Errorf("%s: %w", from.Prefix, err)
			}
			return
		}
		index = b.attributes(a)
		known[string(raw)] = index
	}
	b.add(from.Prefix, index)
}

// unrouted are the blocks of addresses that no packet between sites has (RFC 6890).
var unrouted = parseAll("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8")
