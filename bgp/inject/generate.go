package inject

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// Generate describes the table that a generator makes: the same one from the same
// description.
type Generate struct {
	IPv4, IPv6 int    // number of routes
	Seed       uint64 // other seeds, other routes
	AS         uint32 // the speaker's, that every AS path begins with; 0: none does
	NotAS      []uint32
	Avoid      Avoid
}

// share is how many of a thousand routes have a prefix length.
type share struct{ bits, perMille int }

// The lengths of prefixes in the Internet's tables of 2025, rounded.
var (
	lengths4 = []share{{24, 614}, {23, 98}, {22, 112}, {21, 52}, {20, 44}, {19, 26}, {18, 15}, {17, 10}, {16, 22}, {15, 3}, {14, 2}, {13, 1}, {12, 1}}
	lengths6 = []share{{48, 480}, {47, 30}, {46, 40}, {45, 20}, {44, 100}, {42, 20}, {40, 110}, {38, 10}, {36, 50}, {34, 10}, {33, 20}, {32, 80}, {31, 5}, {30, 5}, {29, 20}}
)

// Check refuses what cannot be generated.
func (g Generate) Check() error {
	if g.IPv4 < 0 || g.IPv6 < 0 || g.IPv4+g.IPv6 == 0 || g.IPv4+g.IPv6 > MaxRoutes {
		return fmt.Errorf("%d routes: want 1 to %d", g.IPv4+g.IPv6, MaxRoutes)
	}
	return nil
}

// Table generates the table.
func (g Generate) Table() (*Table, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	b := newBuilder(g.IPv4+g.IPv6, NewAvoid(slices.Concat(reserved, g.Avoid)))
	// The generators do not depend on each other: more IPv6 routes change no IPv4 route.
	for _, f := range []struct {
		n       int
		lengths []share
		draw    func(*rand.Rand, int) netip.Prefix
	}{{g.IPv4, lengths4, draw4}, {g.IPv6, lengths6, draw6}} {
		r := rand.New(rand.NewPCG(g.Seed, uint64(f.lengths[0].bits)))
		w := newWorld(r, g.AS, g.NotAS)
		for left := f.n; left > 0; {
			attributes, err := w.attributes()
			if err != nil {
				return nil, err
			}
			index := b.attributes(attributes)
			for range min(left, w.together()) {
				p, err := next(b, r, f.lengths, f.draw)
				if err != nil {
					return nil, err
				}
				b.add(p, index)
				left--
			}
		}
	}
	return b.finish(), nil
}

// attempts is how often a prefix is drawn before a longer one is.
const attempts = 64

// next draws a prefix that is free. Where those of a length become rare, it is a longer
// one.
func next(b *builder, r *rand.Rand, lengths []share, draw func(*rand.Rand, int) netip.Prefix) (netip.Prefix, error) {
	bits := lengths[0].bits
	k := r.IntN(1000)
	for _, s := range lengths {
		if k -= s.perMille; k < 0 {
			bits = s.bits
			break
		}
	}
	for longest := max(lengths[0].bits, bits); bits <= longest; bits++ {
		for range attempts {
			if p := draw(r, bits); b.free(p) {
				return p, nil
			}
		}
	}
	return netip.Prefix{}, fmt.Errorf("after %d routes there is no room left for different prefixes; ask for fewer", len(b.table.Routes))
}

// draw4 draws an IPv4 prefix.
func draw4(r *rand.Rand, bits int) netip.Prefix {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], r.Uint32())
	return netip.PrefixFrom(netip.AddrFrom4(b), bits).Masked()
}

// draw6 draws a prefix of global unicast addresses, 2000::/3.
func draw6(r *rand.Rand, bits int) netip.Prefix {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], r.Uint64())
	b[0], b[1] = 0x20|b[0]&0x0f, b[1]&0x1f // as the registries give them out
	if b[0] == 0x20 {
		b[1] |= 0x01
	}
	return netip.PrefixFrom(netip.AddrFrom16(b), bits).Masked()
}
