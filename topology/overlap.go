package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// claimKind is the use of a prefix of a VRF.
type claimKind int

const (
	connected claimKind = iota
	lanOf
	announced // may cover others, but not be the same
)

// claim is a prefix in use in a VRF of a router, or among a router's links.
type claim struct {
	prefix  netip.Prefix
	kind    claimKind
	at      pos
	element string
}

// vrfClaims collects the prefixes and addresses of the hosts of each VRF.
type vrfClaims struct {
	*report
	prefixes  map[vrfKey][]claim          // of each VRF instance
	addresses map[vpnAddress]addressOwner // of hosts in each VPN
}

// add records a prefix of a VRF instance.
func (c *vrfClaims) add(key vrfKey, used claim) { c.prefixes[key] = append(c.prefixes[key], used) }

// attachment records the subnets and addresses of an attachment.
func (c *vrfClaims) attachment(a Attachment, raw rawAttachment, element string) {
	key := vrfKey{a.Router, a.VRF}
	for _, s := range attachedSubnets(raw, a) {
		c.add(key, claim{s.v, connected, s.at, element})
	}
	for _, p := range raw.Addresses {
		if !p.has || p.v.from != "" {
			continue
		}
		name := vpnAddress{a.VRF, p.v.prefix.Addr()}
		other, taken := c.addresses[name]
		if !taken {
			c.addresses[name] = addressOwner{p.at, element, a.Router}
			continue
		}
		// Two hosts on one router then have overlapping subnets, which are
		// reported instead.
		if other.router != a.Router || other.element == element {
			c.refuse(p.at, element, fmt.Sprintf("address %s is already that of %s in VRF %s (line %d)", name.address, other.element, a.VRF, other.at.line),
				"give every host of a VPN its own address")
		}
	}
}

// onSegment records the addresses of a host on a segment. On a segment without a
// router, only its hosts may not share any.
func (c *vrfClaims) onSegment(s *Segment, raw rawAttachment, element string) {
	scopes := []string{"segment " + s.Name}
	for _, r := range s.Routers {
		if !slices.Contains(scopes, r.VRF) {
			scopes = append(scopes, r.VRF)
		}
	}
	for _, p := range raw.Addresses {
		if !p.has || p.v.from != "" {
			continue
		}
		for _, scope := range scopes {
			name := vpnAddress{scope, p.v.prefix.Addr()}
			other, taken := c.addresses[name]
			if !taken {
				c.addresses[name] = addressOwner{p.at, element, ""}
				continue
			}
			where := "on segment " + s.Name
			if scope != scopes[0] {
				where = "in VRF " + scope
			}
			c.refuse(p.at, element, fmt.Sprintf("address %s is already that of %s %s (line %d)", name.address, other.element, where, other.at.line),
				"give every host its own address")
			break
		}
	}
}

// vpnAddress is a host's address in a VPN.
type vpnAddress struct {
	vrf     string
	address netip.Addr
}

// addressOwner is the first host that has an address.
type addressOwner struct {
	at              pos
	element, router string
}

// check refuses overlaps inside each VRF of each router.
func (c *vrfClaims) check() {
	for key, claims := range c.prefixes {
		c.refuseOverlaps(claims, fmt.Sprintf("in VRF %s on router %s", key.vrf, key.router))
	}
}

// refuseOverlaps refuses prefixes that overlap. Of two, the later one in the file is
// refused.
func (r *report) refuseOverlaps(claims []claim, where string) {
	slices.SortStableFunc(claims, func(a, b claim) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), a.prefix.Bits()-b.prefix.Bits(),
			cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	var open []claim // prefixes that may contain the current one, outermost first
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
