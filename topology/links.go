package topology

import (
	"fmt"
	"net/netip"
	"strings"
)

// MTUs in octets. A wire has room for three labels on an IP packet of 1500 octets; a
// NIC has the usual MTU.
const (
	maxMTU  = 9216
	ipMTU   = 1500
	wireMTU = ipMTU + 3*4

	// With AF_XDP, a frame has to fit a page of 4096 octets, together with 256 of headroom
	// and what the kernel appends.
	xdpMTU = 3506
)

// The types of ports at links.
const (
	portSystem = "system"
	portAFXDP  = "afxdp"
)

// linkBuilder fills Links.
type linkBuilder struct {
	*report
	raw      []rawLink
	core     *rawCore
	lab      *Topology
	datapath datapath
	router   map[string]int // index of each router in lab.Routers
	sessions *sessionBuilder
	vrfLinks *vrfLinkBuilder
}

// build adds the links and their sessions.
func (b *linkBuilder) build() {
	taken := make(map[endName]pos)
	nics := make(map[string]pos)
	subnets := make(map[string][]claim)
	for _, raw := range b.raw {
		element := linkElement(raw)
		b.checkEnds(raw, element, taken)
		b.checkNIC(raw.NIC, element, nics)
		link := Link{NIC: raw.NIC.v, MTU: raw.MTU.or(wireMTU)}
		if raw.NIC.has || raw.ofVRF() {
			link.MTU = raw.MTU.or(ipMTU)
		}
		for i := range raw.Ends {
			if end, ok := b.linkEnd(raw, i); ok {
				link.Ends = append(link.Ends, end)
			}
		}
		if len(link.Ends) != len(raw.Ends) {
			continue
		}
		agree := b.checkLinkAddresses(raw, link, element)
		b.checkLinkMTU(raw.MTU, element, len(link.Ends) > 0 && hasIPv6(link.Ends[0].Addresses))
		link.XDP = b.usesXDP(raw, link.MTU, element)
		link.InterAS = b.checkInterAS(raw, link, element)
		link.Metric = b.coreMetric(raw, link, element)
		b.checkCoreMTU(raw.MTU, link, element)
		b.lab.Links = append(b.lab.Links, link)
		if raw.ofVRF() {
			if agree && link.InterAS == OptionA {
				b.vrfLinks.note(raw, len(b.lab.Links)-1, element)
			}
			continue
		}
		b.claimSubnets(raw, link, subnets)
		if agree {
			b.sessions.build(raw, link, element)
		}
	}
	b.checkNICHelpers(taken)
	for router, claims := range subnets {
		b.refuseOverlaps(claims, "on router "+router)
	}
}

// usesXDP reports whether the ports at a link are of type afxdp, and refuses it where they
// cannot be.
func (b *linkBuilder) usesXDP(raw rawLink, mtu int, element string) bool {
	if raw.PortType.v != portAFXDP {
		return false
	}
	refuse := func(problem, remedy string) { b.refuse(raw.PortType.at, element, problem, remedy) }
	switch {
	case raw.NIC.has:
		refuse("port-type afxdp is for links between routers of the lab, not for a NIC", "remove it")
	case mtu > xdpMTU:
		refuse(fmt.Sprintf("port-type afxdp has room for an MTU of %d, not of %d", xdpMTU, mtu), fmt.Sprintf("use mtu: %d, or remove port-type", xdpMTU))
	case b.datapath == "system":
		refuse("port-type afxdp needs the datapath in user space", "use datapath: netdev, or remove port-type")
	}
	return true
}

// linkElement names a link in messages.
func linkElement(raw rawLink) string {
	var ends []string
	for _, e := range raw.Ends {
		if e.name.has {
			ends = append(ends, e.name.v.String())
		}
	}
	if raw.NIC.has {
		ends = append(ends, "nic "+raw.NIC.v)
	}
	if len(ends) == 0 {
		return "link"
	}
	return "link " + strings.Join(ends, ", ")
}

func (e endName) String() string { return e.router + ":" + e.iface }

// checkEnds refuses a wrong number of ends and invalid ends.
func (b *linkBuilder) checkEnds(raw rawLink, element string, taken map[endName]pos) {
	switch {
	case raw.NIC.has && len(raw.Ends) != 1:
		b.refuse(raw.At, element, fmt.Sprintf("a NIC is lent to one router, not %d", len(raw.Ends)), "give it one end")
	case !raw.NIC.has && len(raw.Ends) == 0:
		b.refuse(raw.At, element, "has no ends", "add ends: [pe1:eth1, pe2:eth1]")
	case !raw.NIC.has && len(raw.Ends) == 1:
		b.refuse(raw.At, element, "has only one end", "add the other one, or nic: for a router outside the lab")
	}
	routers := make(map[string]bool)
	for _, e := range raw.Ends {
		if !e.name.has {
			continue
		}
		name := e.name.v
		if _, known := b.router[name.router]; !known {
			b.refuse(e.name.at, element, fmt.Sprintf("no router is named %q", name.router), suggest(name.router, b.router))
		}
		if before, used := taken[name]; used {
			b.refuse(e.name.at, element, fmt.Sprintf("%s is already an end of a link on line %d", name, before.line), "use another interface")
		} else {
			taken[name] = e.name.at
		}
		if routers[name.router] {
			b.refuse(e.name.at, element, fmt.Sprintf("router %s is on the link twice", name.router), "remove one of its ends")
		}
		routers[name.router] = true
	}
}

// checkNIC refuses an invalid interface name and a NIC that is lent twice.
func (b *linkBuilder) checkNIC(nic value[string], element string, nics map[string]pos) {
	if !nic.has {
		return
	}
	if badInterface(nic.v) != "" {
		b.refuse(nic.at, element, fmt.Sprintf("%q is not the name of a network interface of a server", nic.v), "see ip link")
	}
	if before, lent := nics[nic.v]; lent {
		b.refuse(nic.at, element, fmt.Sprintf("nic %s is already lent on line %d", nic.v, before.line), "use another NIC")
		return
	}
	nics[nic.v] = nic.at
}

// checkNICHelpers refuses ends with the names of interfaces that a lent NIC may
// need in its router: the NIC, a bridge, and a wire.
func (b *linkBuilder) checkNICHelpers(taken map[endName]pos) {
	for _, raw := range b.raw {
		if !raw.NIC.has || len(raw.Ends) != 1 || !raw.Ends[0].name.has {
			continue
		}
		end := raw.Ends[0].name.v
		for _, helper := range []string{"n-", "b-", "w-"} {
			name := endName{end.router, helper + end.iface}
			if at, used := taken[name]; used {
				b.refuse(at, "link end "+name.String(), fmt.Sprintf("%s is reserved for the NIC of %s", name.iface, end), "use another interface")
			}
		}
	}
}

// linkEnd resolves one end of a link with its addresses.
func (b *linkBuilder) linkEnd(raw rawLink, i int) (LinkEnd, bool) {
	e := raw.Ends[i]
	if !e.name.has {
		return LinkEnd{}, false
	}
	if _, known := b.router[e.name.v.router]; !known {
		return LinkEnd{}, false
	}
	end := LinkEnd{Router: e.name.v.router, Interface: e.name.v.iface, MAC: e.settings.MAC.v}
	own, good := b.ownAddresses(e)
	families := make(map[bool]bool)
	for _, p := range own {
		families[p.Addr().Is4()] = true
	}
	end.Addresses = own
	for _, s := range raw.Subnets {
		subnet := netip.Prefix(s.v)
		if !s.has || families[subnet.Addr().Is4()] {
			good = good && s.has
			continue
		}
		p, ok := usable(subnet, i)
		if !ok {
			b.refuse(s.at, linkElement(raw), fmt.Sprintf("subnet %s has no address for its end %d, %s", subnet, i+1, e.name.v), "use a larger unicast subnet")
			return LinkEnd{}, false
		}
		end.Addresses = append(end.Addresses, p)
	}
	if good && len(end.Addresses) == 0 {
		b.refuse(e.name.at, linkElement(raw), fmt.Sprintf("end %s has no address", e.name.v), "add subnets: [192.168.0.0/30] to the link, or address: to the end")
		return LinkEnd{}, false
	}
	return end, good
}

// ownAddresses returns the addresses given at the end itself. good is false if one
// is invalid.
func (b *linkBuilder) ownAddresses(e namedEnd) (own []netip.Prefix, good bool) {
	good = true
	given := e.settings.Addresses
	if !e.settings.Address.missing() {
		given = append([]value[netip.Prefix]{e.settings.Address}, given...)
	}
	for _, a := range given {
		if !a.has || !b.checkHostAddress(a.at, "link end "+e.name.v.String(), a.v) {
			good = false
			continue
		}
		own = append(own, a.v)
	}
	return own, good
}

// checkLinkAddresses refuses addresses that are used twice on a link, and subnets
// of only one end. It reports whether there are none.
func (b *linkBuilder) checkLinkAddresses(raw rawLink, link Link, element string) bool {
	before := len(b.problems)
	b.checkMACs(raw, element)
	owner := make(map[netip.Addr]string)
	members := make(map[netip.Prefix]int)
	for i, end := range link.Ends {
		for _, p := range end.Addresses {
			name := raw.Ends[i].name
			if other, taken := owner[p.Addr()]; taken {
				b.refuse(name.at, element, fmt.Sprintf("address %s of %s is already that of %s", p.Addr(), name.v, other), "give every end its own address")
			}
			owner[p.Addr()] = name.v.String()
			members[p.Masked()]++
		}
	}
	for i, end := range link.Ends {
		for _, p := range end.Addresses {
			if members[p.Masked()] == 1 && len(link.Ends) > 1 {
				b.refuse(raw.Ends[i].name.at, element, fmt.Sprintf("%s of %s is in a subnet that no other end has", p, raw.Ends[i].name.v), "give the ends addresses of one subnet")
			}
		}
	}
	return len(b.problems) == before
}

// checkMACs refuses two ends of a link with the same MAC address.
func (b *linkBuilder) checkMACs(raw rawLink, element string) {
	owner := make(map[string]endName)
	for _, e := range raw.Ends {
		mac := e.settings.MAC
		if !mac.has {
			continue
		}
		if other, taken := owner[mac.v.String()]; taken {
			b.refuse(mac.at, element, fmt.Sprintf("MAC address %s of %s is already that of %s", mac.v, e.name.v, other), "give every end its own, or remove mac:")
		}
		owner[mac.v.String()] = e.name.v
	}
}

// claimSubnets records the subnets of a link, to check that no router has
// overlapping ones.
func (b *linkBuilder) claimSubnets(raw rawLink, link Link, subnets map[string][]claim) {
	for i, end := range link.Ends {
		seen := make(map[netip.Prefix]bool)
		for _, p := range end.Addresses {
			if seen[p.Masked()] {
				continue
			}
			seen[p.Masked()] = true
			subnets[end.Router] = append(subnets[end.Router], claim{
				prefix: p.Masked(), kind: connected, at: raw.Ends[i].name.at,
				element: "link end " + raw.Ends[i].name.v.String(),
			})
		}
	}
}
