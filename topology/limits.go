package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// prefixLimit is a session's max-prefixes with its position.
type prefixLimit struct {
	at      pos
	element string
	session Session
}

// prefixLimits refuses limits below the number of prefixes that the peer itself
// announces: the session would never stay up.
func (b *sessionBuilder) prefixLimits() {
	if len(b.problems) > 0 || len(b.limits) == 0 {
		return // the VRFs may be incomplete
	}
	own := b.lab.ownPrefixes()
	for _, l := range b.limits {
		for _, family := range l.session.Families {
			if n := own[l.session.PeerRouter][family]; n > int(l.session.MaxPrefixes) && !l.session.MaxPrefixesWarningOnly {
				b.refuse(l.at, l.element, fmt.Sprintf("max-prefixes %d ends the session of %s with %s, which announces %d %s prefixes itself", l.session.MaxPrefixes, l.session.Router, l.session.PeerRouter, n, family),
					"make it larger, or remove it")
			}
		}
	}
}

// ownPrefixes counts the VPN prefixes of each family that each router announces
// from its own VRFs.
func (t *Topology) ownPrefixes() map[string]map[vpn.Family]int {
	type announced struct {
		router string
		rd     vpn.RD
		prefix netip.Prefix
	}
	seen := make(map[announced]bool)
	count := make(map[string]map[vpn.Family]int)
	_, exported := t.ownRoutes(t.alwaysMade(), t.crossed())
	for key, routes := range exported {
		if count[key.router] == nil {
			count[key.router] = make(map[vpn.Family]int)
		}
		for _, r := range routes {
			if one := (announced{key.router, r.Origin.RD, r.Prefix}); !seen[one] {
				seen[one] = true
				count[key.router][vpn.FamilyOf(r.Prefix)]++
			}
		}
	}
	return count
}

// checkOwnNetworks refuses LANs of a host that overlap with subnets of attachments
// that do not carry them: the host would take its gateway, and its own address
// there, to be on the LAN.
func (b *hostBuilder) checkOwnNetworks(h *Host, raw rawHost, via []int, element string) {
	for _, lan := range raw.LANs {
		for k, a := range h.Attachments {
			if !lan.has || b.lab.carries(h, via, a) {
				continue // reported for the VRF
			}
			networks := a.Gateways
			if s := b.lab.Segment(a); s != nil {
				networks = slices.Concat(s.Subnets, a.Addresses)
			}
			overlaps := func(g netip.Prefix) bool { return g.Masked().Overlaps(lan.v.Masked()) }
			if i := slices.IndexFunc(networks, overlaps); i >= 0 {
				b.refuse(lan.at, element, fmt.Sprintf("its LAN %s overlaps with the subnet %s of its interface %s", lan.v.Masked(), networks[i].Masked(), h.Attachments[k].Interface), "use another prefix")
			}
		}
	}
}

// carries reports whether a VRF instance of an attachment carries the host's LANs.
func (t *Topology) carries(h *Host, via []int, a Attachment) bool {
	for _, k := range via {
		for _, key := range t.instances(h.Attachments[k]) {
			if slices.Contains(t.instances(a), key) {
				return true
			}
		}
	}
	return false
}
