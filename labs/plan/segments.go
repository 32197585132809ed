package plan

import (
	"slices"
	"strings"

	"pseudowan/router/config"
	"pseudowan/topology"
)

// segmentPort names the port of a router on a segment among its allocations. No
// host's has a blank.
func segmentPort(segment string) string { return "segment " + segment }

// bridgeName names the bridge of a segment in the lab's namespace.
func bridgeName(segment string) string {
	if name := "s-" + segment; len(name) <= maxInterfaceName {
		return name
	}
	return "s-" + ShortHash(segment)
}

// bridgePort names the port of a bridge by what is plugged in there, so that it keeps
// its name when others come and go.
func (b *planner) bridgePort(segment, end string) string {
	return "p-" + strings.ReplaceAll(derivedMAC(b.topology.Name, segment, end).String(), ":", "")
}

// segments plans the ports of routers on segments.
func (b *planner) segments() {
	for _, s := range b.topology.Segments {
		for i, a := range s.Attachments() {
			b.routerOnSegment(s, i, a)
		}
	}
}

// routerOnSegment plans the port of the i-th router on a segment. Only the first may
// have a MAC that follows from the number of its port: others may have the same.
func (b *planner) routerOnSegment(s topology.Segment, i int, a topology.Attachment) {
	c := b.routers[a.Router]
	port := b.hostPort(a.Router, segmentPort(s.Name))
	mac := gatewayMAC(port)
	if i > 0 {
		mac = derivedMAC(b.topology.Name, a.Router, "gateway "+s.Name)
	}
	access := config.Access{
		Port: port, Name: b.accessName(c, port), VRF: a.VRF, MAC: mac.String(),
		Gateways: a.Gateways, MTU: s.MTU, Host: s.Name, Segment: true, RA: a.RA,
	}
	c.Access = append(c.Access, access)
	b.bindings(c, s.Name, a)
	end := a.Router + ":" + s.Name
	b.ends[s.Name] = append(b.ends[s.Name], End{
		Node: a.Router, Interface: access.Name, MTU: s.MTU, Alias: end,
		MAC: derivedMAC(b.topology.Name, a.Router, segmentPort(s.Name)).String(),
	})
}

// onSegment plans the attachment of a host to a segment, and what the routers there
// know of it.
func (b *planner) onSegment(h topology.Host, a topology.Attachment, hp *Host) {
	addresses := HostAddresses(b.topology.Name, h.Name, a)
	for _, p := range addresses {
		hp.Addresses = append(hp.Addresses, p.String())
	}
	for _, at := range b.topology.AtRouters(topology.Host{Attachments: []topology.Attachment{a}}) {
		c := b.routers[at.Router]
		port := b.hostPort(at.Router, segmentPort(a.Segment))
		i := slices.IndexFunc(c.Access, func(x config.Access) bool { return x.Port == port })
		for _, p := range addresses {
			// What a daemon of a host advertises comes when it runs, if it does.
			if own := slices.Contains(a.Addresses, p) || at.RA.Has(p.Addr()); own && at.Knows(p) {
				c.Access[i].Expect = append(c.Access[i].Expect, p.Addr())
			}
		}
		at.Statics = at.ZonedStatics(c.Access[i].Name)
		b.statics(c, port, at)
		b.bindings(c, h.Name, at)
		if !slices.Contains(hp.VRFs, at.VRF) {
			hp.VRFs = append(hp.VRFs, at.VRF)
		}
	}
	mac := HostMAC(b.topology.Name, h.Name, a)
	if h.Machine != nil {
		// The machine has this address, so that its wire needs another.
		hp.NICs = append(hp.NICs, MachineNIC{a.Interface, mac.String(), a.MTU})
		mac = derivedMAC(b.topology.Name, h.Name, "wire "+a.Interface)
	}
	b.ends[a.Segment] = append(b.ends[a.Segment], End{
		Node: h.Name, Interface: a.Interface, MTU: a.MTU, MAC: mac.String(), Alias: h.Name + ":" + a.Interface,
	})
	b.guard(h, a, mac)
	i := Interface{
		Name: a.Interface, Segment: a.Segment, MAC: mac.String(), MTU: a.MTU, Addresses: a.Addresses, SLAAC: a.SLAAC,
		Formed: formedAddresses(b.topology.Name, h.Name, a), DAD: a.DAD, Sysctls: a.Sysctls, ProxyND: a.ProxyND,
		Guard: a.Guard,
		DHCP:  a.DHCP, Hears: a.DHCP.ByIPv6() && !a.SLAAC,
	}
	hp.Interfaces = append(hp.Interfaces, i)
	for _, hop := range a.NextHops {
		hp.Routes = append(hp.Routes, Route{Prefix: hop.Prefix, Via: hop.Via, Interface: a.Interface})
	}
}

// bridges plans the wires of the segments: those of two hosts without guards are one
// wire, the others have a bridge, whose ports no host can reach.
func (b *planner) bridges() {
	for _, s := range b.topology.Segments {
		ends := b.ends[s.Name]
		if len(ends) == 2 && len(s.Routers) == 0 && !s.OnServer() && len(b.guards[s.Name]) == 0 && ends[0].MTU == ends[1].MTU {
			b.plan.Wires = append(b.plan.Wires, Wire{A: ends[0], B: ends[1]})
			continue
		}
		bridge := Segment{Name: bridgeName(s.Name), Of: s.Name, MTU: s.MTU, Guards: b.guards[s.Name]}
		for _, e := range ends {
			name := b.bridgePort(s.Name, e.Alias)
			bridge.Wires = append(bridge.Wires, Wire{B: e, A: End{
				Interface: name, MTU: s.MTU, Alias: e.Alias + "@" + s.Name,
				MAC: derivedMAC(b.topology.Name, "", name).String(),
			}})
		}
		b.plan.Segments = append(b.plan.Segments, bridge)
	}
}

// OfHosts reports whether a segment is for hosts, and made once they are.
func (s Segment) OfHosts() bool { return s.Of != "" }

// segmentScope is the scope of names of hosts on a segment without a router. No VRF
// has such a name.
func segmentScope(segment string) string { return "segment " + segment }

// scopes returns the VPNs, and the segments without a router, that an attachment
// leads to.
func (b *planner) scopes(a topology.Attachment) []string {
	if a.Segment == "" {
		return []string{a.VRF}
	}
	var out []string
	for _, at := range b.topology.AtRouters(topology.Host{Attachments: []topology.Attachment{a}}) {
		if !slices.Contains(out, at.VRF) {
			out = append(out, at.VRF)
		}
	}
	if len(out) == 0 {
		return []string{segmentScope(a.Segment)}
	}
	return out
}

// knows lists the scopes whose names a host knows beside those of its VPNs: segments
// without a router that it is on, or that forwarding hosts lead to, and for a host
// without a VPN those of these hosts.
func (b *planner) knows(h topology.Host) []string {
	var own []string
	for _, a := range h.Attachments {
		own = append(own, b.scopes(a)...)
	}
	isSegment := func(s string) bool { return strings.HasPrefix(s, segmentScope("")) }
	inVPN := slices.ContainsFunc(own, func(s string) bool { return !isSegment(s) })
	known := slices.Clone(own)
	for i := 0; i < len(known); i++ {
		if !isSegment(known[i]) && !slices.Contains(own, known[i]) {
			continue // beyond a VPN, names are not passed on
		}
		for _, scopes := range b.forwarders[known[i]] {
			for _, s := range scopes {
				if !slices.Contains(known, s) && (isSegment(s) || !inVPN) {
					known = append(known, s)
				}
			}
		}
	}
	return slices.DeleteFunc(known, func(s string) bool { return !isSegment(s) && slices.Contains(own, s) })
}

// forwardersOf returns, for each scope, the scopes that its forwarding hosts join.
func (b *planner) forwardersOf(hosts []topology.Host) map[string][][]string {
	out := make(map[string][][]string)
	for _, h := range hosts {
		if !h.Forward {
			continue
		}
		var scopes []string
		for _, a := range h.Attachments {
			scopes = append(scopes, b.scopes(a)...)
		}
		for _, s := range scopes {
			out[s] = append(out[s], scopes)
		}
	}
	return out
}
