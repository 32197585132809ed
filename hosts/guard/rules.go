package guard

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
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

// rules returns the rules of a port in their order. Each that drops counts, and says
// by its comment which kind it is.
func (p Port) rules() []string {
	var out []string
	drop := func(k Kind, match string) { out = append(out, fmt.Sprintf("%s counter drop comment %q", match, k)) }
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
	out = append(out, "meta protocol != ip6 accept")
	if p.RA {
		drop(KindRA, "icmpv6 type { nd-router-advert, nd-redirect }")
	}
	return append(out,
		"frag frag-off != 0 accept", // useless without its first fragment
		"meta l4proto icmpv6 icmpv6 type 0-255 accept",
		"meta l4proto udp udp dport 0-65535 accept",
		"meta l4proto != { icmpv6, udp } accept",
		// What comes here has a chain of headers that does not end in the packet.
		fmt.Sprintf("counter drop comment %q", KindHidden))
}

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
	not := func(set []string, and ...string) string {
		return "!= { " + strings.Join(append(and, set...), ", ") + " }"
	}
	drop(KindSource, "ether saddr != "+p.MAC)
	drop(KindSource, "meta protocol != { ip, arp, ip6 }")
	drop(KindSource, "arp saddr ether != "+p.MAC)
	drop(KindSource, "arp saddr ip "+not(v4, "0.0.0.0")) // probes (RFC 5227)
	drop(KindSource, "ip saddr "+not(v4, "0.0.0.0"))
	drop(KindSource, "ip saddr 0.0.0.0 udp dport != 67")
	drop(KindSource, "ip saddr 0.0.0.0 meta l4proto != udp")
	drop(KindSource, "ip6 saddr "+not(v6, "::"))
	drop(KindSource, "ip6 saddr :: meta l4proto != icmpv6")
	// Multicast listener reports, router and neighbour solicitations.
	drop(KindSource, "ip6 saddr :: icmpv6 type != { 131, 132, 133, 135, 143 }")
	drop(KindSource, "icmpv6 type nd-neighbor-advert "+target+" "+not(hexadecimal(p.Allowed)))
}

// target is the target address of a neighbour advertisement (RFC 4861 section 4.4),
// which nft has no name for.
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

// table is ours in the namespace of the ports.
const table = "pw-guard"

// chain makes the chain of a port with its rules, whether it exists or not. Its first
// rule counts all, and carries the sum of the rules.
func (p Port) chain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "add table netdev %s\n", table)
	fmt.Fprintf(&b, "add chain netdev %s %s { type filter hook ingress device %q priority -300; policy accept; }\n", table, p.Name, p.Name)
	fmt.Fprintf(&b, "flush chain netdev %s %s\n", table, p.Name)
	for _, r := range append([]string{fmt.Sprintf("counter comment %q", p.sum())}, p.rules()...) {
		fmt.Fprintf(&b, "add rule netdev %s %s %s\n", table, p.Name, r)
	}
	return b.String()
}

// sum tells whether a chain has the rules of a port.
func (p Port) sum() string {
	h := sha256.Sum256([]byte(strings.Join(p.rules(), "\n")))
	return fmt.Sprintf("pw:%x", h[:8])
}

// script makes the chains of guarded ports that are not as they should be, and
// removes those of others; "" if all are right. Chains that stay keep their counters.
func script(have map[string]Count, ports []Port) string {
	var b strings.Builder
	var guarded []string
	for _, p := range ports {
		if !p.Guarded() {
			continue
		}
		guarded = append(guarded, p.Name)
		if was, is := have[p.Name]; !is || was.sum != p.sum() {
			b.WriteString(p.chain())
		}
	}
	var gone []string
	for name := range have {
		if !slices.Contains(guarded, name) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		fmt.Fprintf(&b, "delete chain netdev %s %s\n", table, name)
	}
	return b.String()
}
