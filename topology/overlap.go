package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// claimKind tells what a prefix of a VRF is.
type claimKind int

const (
	connected claimKind = iota
	lanOf
	announced // may cover others: only the same prefix twice is wrong
)

// claim is a prefix in use in a VRF of a router, or among a router's links.
type claim struct {
	prefix  netip.Prefix
	kind    claimKind
	at      pos
	element string
}

// claimAttachment notes the subnets and addresses of an attachment.
func (b *builder) claimAttachment(a Attachment, raw rawAttachment, element string) {
	where := raw.At
	if len(raw.Addresses) > 0 {
		where = raw.Addresses[0].at
	}
	key := vrfKey{a.Router, a.VRF}
	for _, g := range a.Gateways {
		b.claims[key] = append(b.claims[key], claim{g.Masked(), connected, where, element})
	}
	if b.addresses == nil {
		b.addresses = make(map[vpnAddress]claim)
	}
	for _, p := range a.Addresses {
		name := vpnAddress{a.VRF, p.Addr()}
		other, taken := b.addresses[name]
		if !taken {
			b.addresses[name] = claim{p, connected, where, element}
			continue
		}
		if !b.sameSubnetOnOneRouter(key, other, p) {
			b.refuse(where, element, fmt.Sprintf("address %s is already that of %s in VRF %s (line %d)", p.Addr(), other.element, a.VRF, other.at.line),
				"give every host of a VPN its own address")
		}
	}
}

// vpnAddress is a host's address in a VPN.
type vpnAddress struct {
	vrf     string
	address netip.Addr
}

// sameSubnetOnOneRouter tells that two uses of an address are on one router,
// where the overlap of their subnets is reported already.
func (b *builder) sameSubnetOnOneRouter(key vrfKey, other claim, p netip.Prefix) bool {
	return slices.ContainsFunc(b.claims[key], func(c claim) bool {
		return c.kind == connected && c.at == other.at && c.element == other.element && c.prefix.Contains(p.Addr())
	})
}

// segments refuses overlaps inside each VRF of each router.
func (b *builder) segments() {
	for key, claims := range b.claims {
		b.refuseOverlaps(claims, fmt.Sprintf("in VRF %s on router %s", key.vrf, key.router))
	}
}

// refuseOverlaps refuses prefixes that overlap. Of two, the one further down
// in the file is refused.
func (r *report) refuseOverlaps(claims []claim, where string) {
	slices.SortStableFunc(claims, func(a, b claim) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), a.prefix.Bits()-b.prefix.Bits(),
			cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	var open []claim // prefixes that the current one may lie in, outermost first
	for i, c := range claims {
		if i > 0 && claims[i-1].prefix == c.prefix {
			r.refuseOverlap(claims[i-1], c, where)
			continue
		}
		if c.kind == announced {
			continue
		}
		for len(open) > 0 && !open[len(open)-1].prefix.Contains(c.prefix.Addr()) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			r.refuseOverlap(open[len(open)-1], c, where)
		}
		open = append(open, c)
	}
}

func (r *report) refuseOverlap(a, b claim, where string) {
	if a.at.line > b.at.line || a.at.line == b.at.line && a.at.column > b.at.column {
		a, b = b, a
	}
	message := fmt.Sprintf("%s overlaps with %s of %s (line %d) %s", b.prefix, a.prefix, a.element, a.at.line, where)
	if a.prefix == b.prefix {
		message = fmt.Sprintf("%s is already used by %s (line %d) %s", b.prefix, a.element, a.at.line, where)
	}
	r.refuse(b.at, b.element, message, "use another prefix")
}
