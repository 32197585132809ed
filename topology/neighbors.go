package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// neighbor is who is on a segment, with its addresses there.
type neighbor struct {
	name      string
	addresses []netip.Prefix
}

// neighborsOn lists the routers and hosts on a segment, routers first.
func (t *Topology) neighborsOn(s *Segment) []neighbor {
	var out []neighbor
	for _, r := range s.Routers {
		out = append(out, neighbor{r.Router, r.Gateways})
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.Segment == s.Name {
				out = append(out, neighbor{h.Name, a.Addresses})
			}
		}
	}
	if s.Uplink != nil {
		out = append(out, neighbor{uplinkName, s.Uplink.Addresses})
	}
	return out
}

// advertisedOn returns the prefixes that routers and hosts advertise on a segment.
func (t *Topology) advertisedOn(s *Segment) []netip.Prefix {
	var out []netip.Prefix
	add := func(p netip.Prefix) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, r := range s.Routers {
		if r.RA != nil {
			for _, p := range r.RA.autonomous() {
				add(p)
			}
		}
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.Segment == s.Name {
				for _, p := range a.Advertises {
					add(p)
				}
			}
		}
	}
	return out
}

// neighbors resolves what the hosts on segments know of each other, once all hosts
// are known.
func (b *hostBuilder) neighbors() {
	on, advertised := make(map[string][]neighbor), make(map[string][]netip.Prefix)
	for i := range b.lab.Segments {
		s := &b.lab.Segments[i]
		on[s.Name], advertised[s.Name] = b.lab.neighborsOn(s), b.lab.advertisedOn(s)
	}
	for _, p := range b.pending {
		h := &b.lab.Hosts[p.host]
		a := &h.Attachments[p.attachment]
		if a.SLAAC {
			a.Advertised = advertised[a.Segment]
		}
		s := b.lab.Segment(*a)
		b.checkAnnounced(p, h.Name, on[a.Segment])
		a.NextHops = append(a.NextHops, b.defaultRoutes(p, s, *a)...)
		for _, r := range p.raw.Routes {
			if hop, ok := b.nextHop(r, s, h.Name, *a, on[a.Segment], p.element); ok {
				a.NextHops = append(a.NextHops, hop)
			}
		}
	}
}

// checkAnnounced refuses an announcement whose next hop is another host.
func (b *hostBuilder) checkAnnounced(p pendingRoutes, host string, on []neighbor) {
	for _, n := range p.raw.Announce {
		for _, other := range on {
			has := func(a netip.Prefix) bool { return a.Addr() == n.NextHop.v }
			if n.NextHop.has && other.name != host && slices.ContainsFunc(other.addresses, has) {
				b.refuse(n.NextHop.at, p.element, fmt.Sprintf("next hop %s of %s is %s", n.NextHop.v, netip.Prefix(n.Prefix.v), other.name), "move the announcement to "+other.name)
			}
		}
	}
}

// pendingRoutes are routes of a host on a segment that wait for the other hosts.
type pendingRoutes struct {
	raw              rawAttachment
	host, attachment int
	element          string
	only             bool // the host has no other attachment
}

// defaultRoutes returns the default routes of a host with one attachment and no
// routes: to the server where that is a router, else to the first router on the
// segment.
func (b *hostBuilder) defaultRoutes(p pendingRoutes, s *Segment, a Attachment) []NextHop {
	if p.raw.Routes != nil || !p.only {
		return nil
	}
	var out []NextHop
	for _, everything := range []netip.Prefix{defaultRoute4, defaultRoute6} {
		for _, g := range s.defaultRouter().addresses {
			own := func(p netip.Prefix) bool { return p.Masked() == g.Masked() }
			if g.Addr().Is4() == everything.Addr().Is4() && slices.ContainsFunc(a.Addresses, own) && !(a.SLAAC && g.Addr().Is6()) {
				out = append(out, NextHop{everything, g.Addr()})
				break
			}
		}
	}
	return out
}

// nextHop resolves a route of a host on a segment.
func (b *hostBuilder) nextHop(r rawRoute, s *Segment, host string, a Attachment, on []neighbor, element string) (NextHop, bool) {
	if r.noPrefix(b.report, element) || !r.Prefix.has || r.Via.bad {
		return NextHop{}, false
	}
	prefix := netip.Prefix(r.Prefix.v)
	name := r.Via
	if first := s.defaultRouter(); name.missing() && first.name != "" {
		name = given(r.at, first.name)
	}
	via, err := netip.ParseAddr(name.v)
	switch {
	case name.missing():
		b.refuse(r.at, element, fmt.Sprintf("route %s names no next hop, and segment %s has no router", prefix, s.Name), "write {prefix: \""+prefix.String()+"\", via: NEIGHBOUR}")
		return NextHop{}, false
	case err != nil:
		if via = b.addressOfNeighbor(name, prefix, host, a, on, s, element); !via.IsValid() {
			return NextHop{}, false
		}
	case via.Is4() != prefix.Addr().Is4():
		b.refuse(name.at, element, fmt.Sprintf("next hop %s of %s is of the other family", via, prefix), "use an address of the same family")
		return NextHop{}, false
	case slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == via }):
		b.refuse(name.at, element, fmt.Sprintf("next hop %s is the host's own address", via), "name a neighbour")
		return NextHop{}, false
	}
	if slices.Contains(a.subnets(), prefix) {
		b.refuse(r.Prefix.at, element, fmt.Sprintf("route %s is the subnet that the host is on", prefix), "remove it")
		return NextHop{}, false
	}
	if reachable := via.Is6() && via.IsLinkLocalUnicast(); reachable && via.Zone() == "" {
		return NextHop{prefix, via}, true
	}
	if !slices.ContainsFunc(a.subnets(), func(p netip.Prefix) bool { return p.Contains(via) }) {
		b.refuse(name.at, element, fmt.Sprintf("next hop %s of %s is not on a subnet of the host's interface %s", via, prefix, a.Interface), "give the host an address there in addresses:, or use another next hop")
		return NextHop{}, false
	}
	return NextHop{prefix, via}, true
}

// addressOfNeighbor returns the address of a named neighbour to which a host can
// send; invalid if there is none.
func (b *hostBuilder) addressOfNeighbor(name value[string], prefix netip.Prefix, host string, a Attachment, on []neighbor, s *Segment, element string) netip.Addr {
	known := make(map[string]bool)
	for _, n := range on {
		if n.name == host {
			continue
		}
		known[n.name] = true
		if n.name != name.v {
			continue
		}
		for _, p := range n.addresses {
			if p.Addr().Is4() == prefix.Addr().Is4() && slices.ContainsFunc(a.subnets(), func(own netip.Prefix) bool { return own.Contains(p.Addr()) }) {
				return p.Addr()
			}
		}
	}
	if known[name.v] {
		b.refuse(name.at, element, fmt.Sprintf("%s has no static %s address on segment %s in a subnet of this host", name.v, familyName(prefix), s.Name), "give both one in addresses:, or write the address of the next hop")
		return netip.Addr{}
	}
	remedy := suggest(name.v, known)
	if strings.ContainsAny(name.v, ".:") {
		remedy = "write an address, or the name of a neighbour"
	}
	b.refuse(name.at, element, fmt.Sprintf("nobody on segment %s is named %q", s.Name, name.v), remedy)
	return netip.Addr{}
}
