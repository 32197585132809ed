package guard

import (
	"fmt"
	"net/netip"
	"strings"
)

// Port is a port and what the host behind it may do.
type Port struct {
	Name   string // the interface on which the host's frames arrive
	RA     bool   // drop router advertisements and redirects
	DHCP   bool   // drop what DHCP servers and relays send to clients
	Source bool   // drop all that does not come from the MAC and the addresses

	MAC     string         // with Source
	Allowed []netip.Prefix // with Source: the sources; :: and 0.0.0.0 may ask for addresses
}

// Guarded reports whether anything is dropped.
func (p Port) Guarded() bool { return p.RA || p.DHCP || p.Source }

// Kind is why a packet is dropped.
type Kind string

// The kinds of drops.
const (
	KindRA     Kind = "ra"
	KindSource Kind = "source"
	KindDHCP   Kind = "dhcp"
	KindHidden Kind = "hidden" // upper-layer headers cannot be seen
)

// rule drops what matches and counts it, or accepts it if it has no kind.
type rule struct {
	kind  Kind
	match string
}

// String returns the rule as nft has it. The comment of one that drops is its kind.
func (r rule) String() string {
	if r.kind == "" {
		return r.match + " accept"
	}
	return fmt.Sprintf("%s counter drop comment %q", r.match, r.kind)
}

// rules returns the rules of a port in their order.
func (p Port) rules() []rule {
	var out []rule
	drop := func(k Kind, match string) { out = append(out, rule{k, match}) }
	accept := func(match string) { out = append(out, rule{"", match}) }
	if p.Source {
		p.sources(drop)
	}
	if p.DHCP {
		drop(KindDHCP, "meta protocol ip udp dport 68")
		drop(KindDHCP, "meta protocol ip6 udp dport 546")
	}
	if !p.RA && !p.DHCP {
		return out
	}
	// The kernel has taken one VLAN tag off. Receivers take off several if these have
	// no VLAN but a priority, as any of them may look at LLC and SNAP (CVE-2021-27853,
	// CVE-2021-27861).
	drop(KindHidden, "meta protocol { 8021q, 8021ad }")
	drop(KindHidden, snap+" meta protocol 0x0004")
	accept("meta protocol != ip6")
	if p.RA {
		drop(KindRA, "icmpv6 type { nd-router-advert, nd-redirect }")
	}
	accept("frag frag-off != 0") // useless without its first fragment
	accept("meta l4proto icmpv6 icmpv6 type 0-255")
	accept("meta l4proto udp udp dport 0-65535")
	accept("meta l4proto != { icmpv6, udp }")
	// What comes here has a chain of headers that does not end in the packet.
	drop(KindHidden, "")
	return out
}

// snap begins what has an Ethernet type behind LLC and SNAP: as in RFC 1042, and that
// of tunnels between bridges (IEEE 802.1H). IS-IS and the spanning tree have LLC alone.
// It stands first, as nft cannot list raw payload behind meta protocol.
const snap = "@nh,0,48 { 0xaaaa03000000, 0xaaaa030000f8 }"

// sources drops what is not from the host.
func (p Port) sources(drop func(Kind, string)) {
	v4, v6 := []string{}, []string{}
	for _, a := range p.Allowed {
		if a.Addr().Is4() {
			v4 = append(v4, a.Masked().String())
		} else {
			v6 = append(v6, a.Masked().String())
		}
	}
	not := func(what string, set []string, and ...string) string {
		if set = append(and, set...); len(set) == 0 {
			return "" // whatever it is, it is none of them
		}
		return what + " != { " + strings.Join(set, ", ") + " }"
	}
	foreign := not(target, hexadecimal(p.Allowed))
	drop(KindSource, "ether saddr != "+p.MAC)
	drop(KindSource, "meta protocol != { ip, arp, ip6 }")
	drop(KindSource, "arp saddr ether != "+p.MAC)
	drop(KindSource, not("arp saddr ip", v4, "0.0.0.0"))
	// A probe (RFC 5227), as detection of duplicates below, takes an address from whoever
	// is about to use it.
	drop(KindSource, "arp saddr ip 0.0.0.0 "+not("arp daddr ip", v4))
	drop(KindSource, not("ip saddr", v4, "0.0.0.0"))
	drop(KindSource, "ip saddr 0.0.0.0 udp dport != 67")
	drop(KindSource, "ip saddr 0.0.0.0 meta l4proto != udp")
	drop(KindSource, not("ip6 saddr", v6, "::"))
	drop(KindSource, "ip6 saddr :: meta l4proto != icmpv6")
	// Multicast listener reports, router and neighbour solicitations.
	drop(KindSource, "ip6 saddr :: icmpv6 type != { 131, 132, 133, 135, 143 }")
	drop(KindSource, "ip6 saddr :: exthdr frag exists") // it is never that long
	drop(KindSource, "ip6 saddr :: icmpv6 type nd-neighbor-solicit "+foreign)
	drop(KindSource, "icmpv6 type nd-neighbor-advert "+foreign)
}

// target is the target address of a neighbour solicitation or advertisement (RFC 4861
// sections 4.3 and 4.4), which nft has no name for.
const target = "@th,64,128"

// hexadecimal writes IPv6 prefixes as intervals of numbers, which is how nft compares
// raw payload.
func hexadecimal(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		if p.Addr().Is4() {
			continue
		}
		first, last := p.Masked().Addr().As16(), p.Masked().Addr().As16()
		for bit := p.Bits(); bit < 128; bit++ {
			last[bit/8] |= 1 << (7 - bit%8)
		}
		if first == last {
			out = append(out, fmt.Sprintf("0x%x", first))
		} else {
			out = append(out, fmt.Sprintf("0x%x-0x%x", first, last))
		}
	}
	return out
}
