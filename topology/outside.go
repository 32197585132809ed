package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// outsideBuilder fills Outside.
type outsideBuilder struct {
	*report
	raw       entries[rawOutside]
	lab       *Topology
	names     *nodeNames
	defined   map[string]vrfDef
	claims    *vrfClaims
	addresses map[vpnAddress]pos // of sites that are there already
}

// build adds the sites behind NICs.
func (b *outsideBuilder) build() {
	b.addresses = make(map[vpnAddress]pos)
	for _, e := range b.raw {
		b.names.claim(e.key, "outside")
		element := "outside " + e.key.v
		site := Outside{Name: e.key.v}
		ok := b.link(e, element, &site)
		ok = b.targets(e, element, &site) && ok
		if ok && b.reachable(e, element, site) {
			b.siteAddresses(e, element, &site)
		}
		b.lab.Outside = append(b.lab.Outside, site)
	}
}

// link finds the link with a NIC behind which a site is.
func (b *outsideBuilder) link(e entry[rawOutside], element string, site *Outside) bool {
	via := e.value.Via
	if via.bad {
		return false
	}
	var found []LinkEnd
	known := make(map[string]bool)
	for _, l := range b.lab.Links {
		if l.NIC == "" || len(l.Ends) != 1 {
			continue
		}
		name := l.Ends[0].Router + ":" + l.Ends[0].Interface
		known[name], known[l.NIC] = true, true
		if via.missing() || via.v == l.NIC || via.v == name {
			found = append(found, l.Ends[0])
		}
	}
	switch {
	case len(found) == 0 && len(known) == 0:
		b.refuse(e.key.at, element, "the lab has no link with a NIC", "add a link with nic: eth1 and bgp: {peer: 192.168.0.2, as: 65002}")
	case len(found) == 0:
		b.refuse(via.at, element, fmt.Sprintf("no link with a NIC is named %q", via.v), suggest(via.v, known))
	case !slices.ContainsFunc(found, func(e LinkEnd) bool { return !b.lab.onPath(e) }):
		b.refuse(e.key.at, element, fmt.Sprintf("label-switched paths use link %s:%s, and lead to routers that the lab does not know", found[0].Router, found[0].Interface), "remove it, and write expect: [HOST -> ADDRESS]")
	case len(found) > 1:
		b.refuse(e.key.at, element, "the lab has several links with a NIC", fmt.Sprintf("add via: %s:%s, or another one", found[0].Router, found[0].Interface))
	case !slices.ContainsFunc(b.lab.Sessions, func(s Session) bool { return s.over(found[0].Router, found[0].Interface) }):
		b.refuse(e.key.at, element, fmt.Sprintf("link %s:%s has no BGP session, and so no routes to a site", found[0].Router, found[0].Interface),
			"add bgp: {peer: 192.168.0.2, as: 65002} to the link")
	default:
		site.Router, site.Interface = found[0].Router, found[0].Interface
		return true
	}
	return false
}

// onPath reports whether label-switched paths use a link.
func (t *Topology) onPath(end LinkEnd) bool {
	return slices.ContainsFunc(t.Links, func(l Link) bool {
		return l.Metric > 0 && slices.ContainsFunc(l.Ends, func(e LinkEnd) bool { return e.Router == end.Router && e.Interface == end.Interface })
	})
}

// LeadsOn reports whether label-switched paths lead through a NIC, to routers outside the lab.
func (l Link) LeadsOn() bool { return l.NIC != "" && l.Metric > 0 }

// over reports whether a session with an outside router is over an interface.
func (s Session) over(router, intf string) bool {
	return s.PeerRouter == "" && s.Router == router && s.Interface == intf
}

// targets gives a site the route targets of its VRF.
func (b *outsideBuilder) targets(e entry[rawOutside], element string, site *Outside) bool {
	vrf := e.value.VRF
	if vrf.missing() {
		b.refuse(e.key.at, element, "says no VRF", "add vrf: with the name of the VRF that the site is in")
	}
	if !vrf.has {
		return false
	}
	site.VRF = vrf.v
	for _, r := range []string{site.Router, ""} { // first as the router with the NIC has it
		for _, v := range b.lab.VRFs {
			if v.Name == vrf.v && (r == "" || v.Router == r) {
				site.Import, site.Export = v.Import, v.Export
				return true
			}
		}
	}
	def, ok := b.defined[vrf.v]
	if !ok {
		known := make(map[string]bool)
		for name := range b.defined {
			known[name] = true
		}
		for _, v := range b.lab.VRFs {
			known[v.Name] = true
		}
		b.refuse(vrf.at, element, fmt.Sprintf("no VRF is named %q", vrf.v), suggest(vrf.v, known))
		return false
	}
	site.Import, site.Export = targets(def.raw.RTs, def.raw.Import), targets(def.raw.RTs, def.raw.Export)
	return true
}

// reachable refuses a site that no VRF of the lab exchanges routes with.
func (b *outsideBuilder) reachable(e entry[rawOutside], element string, site Outside) bool {
	shares := func(mine func(VRF) []vpn.RouteTarget, targets []vpn.RouteTarget) bool {
		return slices.ContainsFunc(b.lab.VRFs, func(v VRF) bool {
			return slices.ContainsFunc(mine(v), func(t vpn.RouteTarget) bool { return slices.Contains(targets, t) })
		})
	}
	there := shares(func(v VRF) []vpn.RouteTarget { return v.Import }, site.Export)
	back := shares(func(v VRF) []vpn.RouteTarget { return v.Export }, site.Import)
	if there && back {
		return true
	}
	b.refuse(e.value.VRF.at, element, fmt.Sprintf("no host is in a VRF that exchanges routes with VRF %s", site.VRF),
		"name a VRF with hosts, or one of vrfs: whose route targets are those of the site's")
	return false
}

// siteAddresses reads the addresses of a site, and refuses those that no packet
// leaves the lab for.
func (b *outsideBuilder) siteAddresses(e entry[rawOutside], element string, site *Outside) {
	if len(e.value.Addresses) == 0 {
		b.refuse(e.key.at, element, "has no address", "add addresses: [30.1.0.2]")
	}
	for _, a := range e.value.Addresses {
		if !a.has {
			continue
		}
		if why := badUnicast(a.v); why != "" {
			b.refuse(a.at, element, fmt.Sprintf("%s %s", a.v, why), "use the address of a host there")
			continue
		}
		name := vpnAddress{site.VRF, a.v}
		if before, taken := b.addresses[name]; taken {
			b.refuse(a.at, element, fmt.Sprintf("address %s in VRF %s is on line %d already", a.v, site.VRF, before.line), "remove one of them")
			continue
		}
		b.addresses[name] = a.at
		if b.isOurs(a, element, site) || !b.isCarried(a, element, site) {
			continue
		}
		site.Addresses = append(site.Addresses, a.v)
	}
}

// isOurs refuses an address that is of the lab's own hosts.
func (b *outsideBuilder) isOurs(a value[netip.Addr], element string, site *Outside) bool {
	const remedy = "use an address behind the NIC"
	if owner, ours := b.claims.addresses[vpnAddress{site.VRF, a.v}]; ours {
		b.refuse(a.at, element, fmt.Sprintf("address %s is that of %s in VRF %s (line %d)", a.v, owner.element, site.VRF, owner.at.line), remedy)
		return true
	}
	for _, c := range b.claims.prefixes[vrfKey{site.Router, site.VRF}] {
		if c.kind != announced && c.prefix.Contains(a.v) {
			b.refuse(a.at, element, fmt.Sprintf("address %s is in %s of %s (line %d) on router %s", a.v, c.prefix, c.element, c.at.line, site.Router), remedy)
			return true
		}
	}
	return false
}

// isCarried refuses an address of a family that the session does not carry.
func (b *outsideBuilder) isCarried(a value[netip.Addr], element string, site *Outside) bool {
	family := vpn.FamilyOf(netip.PrefixFrom(a.v, a.v.BitLen()))
	for _, s := range b.lab.Sessions {
		if s.over(site.Router, site.Interface) && slices.Contains(s.Families, family) {
			return true
		}
	}
	b.refuse(a.at, element, fmt.Sprintf("the session over %s:%s does not carry %s, and so no route to %s", site.Router, site.Interface, family, a.v),
		fmt.Sprintf("add %s to families: of the link's bgp:, or remove the address", family))
	return false
}
