package random

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/topology"
)

// segmentRouters returns the routers on segments, in both forms.
var segmentRouters = below(segments, func(m *mapping, name string) []place {
	switch {
	case m.get("attach") != nil:
		return listed(m, "attach", name+" attach")
	case m.get("to") != nil:
		return []place{{name, func() *mapping { return m }}}
	}
	return nil
})

var (
	segmentRAs = long(segmentRouters, "ra", "prefix")
	// hostRoutes are those with a next hop, or that can have one.
	hostRoutes = below(attachments, func(m *mapping, name string) []place {
		if onSegment(m) == "" {
			return nil
		}
		return listed(m, "routes", name+" route", "prefix")
	})
	onSegments = below(attachments, func(m *mapping, name string) []place {
		if onSegment(m) == "" {
			return nil
		}
		return []place{{name, func() *mapping { return m }}}
	})
)

// segmentKeys are the keys of segments, and of attachments to them.
var segmentKeys = slices.Concat([]key{
	{"subnets", segments, segmentSubnets},
	{"mtu", segments, among(1400, 1500, 9000)},
	{"nic", onServers(segments), serverNIC},
	{"uplink", onUplinked(segments), among("masquerade", "routed")},
	{"publish", publishers, oneOrSome(among("8080:80", "[2001:db8::1]:53:53/udp", "192.0.2.1:2222:22"))},
	{"guard", segments, guards},
	{"to", segmentRouters, nameOf("routers")},
	{"vrf", segmentRouters, nameOf("vrfs")},
	{"rd", segmentRouters, distinguisher},
	{"gateway", segmentRouters, oneOrSome(segmentGateway)},
	{"ra", segmentRouters, advertisement},
	{"to", onSegments, nameOf("segments")},
	{"routes", onSegments, hops},
	{"routes", onSegments, hops},
	{"via", hostRoutes, neighborName},
	{"prefix", hostRoutes, destination},
	{"guard", onSegments, guards},
	{"allow", onSegments, oneOrSome(allowedSource)},
	{"advertises", onSegments, advertised},
	{"advertises", onSegments, advertised},
}, raKeys(segmentRAs), raPrefixKeys(prefixesAdvertised(segmentRouters)))

// onServers are the places where a NIC of the server may be named.
func onServers(at func(*editor) []place) func(*editor) []place {
	return func(e *editor) []place {
		if len(e.server.NICs) == 0 {
			return nil
		}
		return at(e)
	}
}

// onUplinked are the places for what changes the server itself.
func onUplinked(at func(*editor) []place) func(*editor) []place {
	return func(e *editor) []place {
		if !e.server.Uplinks {
			return nil
		}
		return at(e)
	}
}

// publishers are hosts on segments, on which the server may be a router.
var publishers = below(hosts, func(m *mapping, name string) []place {
	if onSegment(m) == "" {
		return nil
	}
	return []place{{name, func() *mapping { return m }}}
})

// uplink makes the server a router on a segment with a host.
func uplink(e *editor) string {
	if !e.server.Uplinks {
		return ""
	}
	m := e.file.sub("segments")
	name := fresh(e, m, "lan1", "lan2", "lan3")
	if name == "" {
		return ""
	}
	n := e.IntN(200)
	insert(e, m, name, mapped("uplink", oneOf[any](e, "masquerade", "routed"), "subnets", []any{fmt.Sprintf("10.201.%d.0/24", n), fmt.Sprintf("2001:db8:201:%d::/64", n)}))
	host := fmt.Sprintf("up%d", n)
	h := mapped("to", name, "addresses", []any{fmt.Sprintf("10.201.%d.9/24", n), fmt.Sprintf("2001:db8:201:%d::9/64", n)})
	h.set("publish", oneOf[any](e, "8080:80", "2222:22"))
	insert(e, e.file.sub("hosts"), host, h)
	return "segment " + name + " with an uplink added"
}

func serverNIC(e *editor, _ *mapping) any { return oneOf(e, e.server.NICs...) }

// guards makes what a port drops.
func guards(e *editor, at *mapping) any {
	if e.chance(4) {
		return "none"
	}
	return oneOrSome(among("ra", "source", "dhcp"))(e, at)
}

func allowedSource(e *editor, at *mapping) any {
	at.set("guard", "source")
	return fmt.Sprintf("2001:db8:ffe%x::/64", e.IntN(8))
}

// onSegment returns the segment of an attachment, "" if it leads to a router.
func onSegment(at *mapping) string {
	if at.get("vrf") != nil {
		return ""
	}
	name, _ := at.get("to").(string)
	return name
}

func segmentSubnet(e *editor, _ *mapping) any {
	octet := 1 + e.IntN(20)
	return oneOf[any](e, fmt.Sprintf("10.%d.0.0/24", 140+octet), fmt.Sprintf("2001:db8:14%d::/64", octet))
}

// segmentSubnets adds a subnet to those of a segment, or removes one.
func segmentSubnets(e *editor, at *mapping) any {
	old := slices.Clone(at.list("subnets"))
	if len(old) > 1 && e.chance(3) {
		return old[:len(old)-1]
	}
	return append(old, segmentSubnet(e, nil))
}

// segmentOf returns the segment that an attachment leads to, nil if to none.
func (e *editor) segmentOf(at *mapping) *mapping {
	all, _ := e.file.get("segments").(*mapping)
	if all == nil {
		return nil
	}
	s, _ := all.get(onSegment(at)).(*mapping)
	return s
}

// segmentGateway returns an address of a subnet of a segment of the lab.
func segmentGateway(e *editor, _ *mapping) any {
	var all []any
	for _, p := range segments(e) {
		all = append(all, p.get().list("subnets")...)
	}
	p, ok := prefixOf(oneOf(e, all...))
	if !ok {
		return nil
	}
	a := p.Addr()
	for range 1 + e.IntN(6) {
		a = a.Next()
	}
	return a.String()
}

// advertised returns prefixes that a host could advertise on its segment.
func advertised(e *editor, at *mapping) any {
	var all []any
	if s := e.segmentOf(at); s != nil {
		for _, subnet := range s.list("subnets") {
			if p, ok := prefixOf(subnet); ok && p.Addr().Is6() {
				all = append(all, subnet)
			}
		}
	}
	return oneOf(e, oneOf(e, all...), any(all[:min(len(all), 1+e.IntN(2))]))
}

// addSegment adds a segment, perhaps with a router, and moves hosts there.
func addSegment(e *editor) string {
	m := e.file.sub("segments")
	name := fresh(e, m, "lan1", "lan2", "lan3")
	if name == "" {
		return ""
	}
	s := mapped("subnets", []any{segmentSubnet(e, nil)})
	if e.chance(2) {
		s.set("to", nameOf("routers")(e, nil))
		s.set("vrf", nameOf("vrfs")(e, nil))
	}
	insert(e, m, name, s)
	for range 1 + e.IntN(3) {
		e.plugIn(name, s)
	}
	return "segment " + name + " added"
}

// plugIn moves an attachment to a segment.
func (e *editor) plugIn(name string, s *mapping) string {
	p, ok := e.anyOf(attachments)
	if !ok {
		return ""
	}
	at := p.get()
	for _, key := range attachmentKeys {
		if key != "interface" && key != "mac" {
			at.set(key, nil)
		}
	}
	at.set("to", name)
	var addresses []any
	for _, subnet := range s.list("subnets") {
		if prefix, ok := prefixOf(subnet); ok {
			a := prefix.Addr().Next()
			for range 1 + e.IntN(9) {
				a = a.Next()
			}
			addresses = append(addresses, netip.PrefixFrom(a, prefix.Bits()).String())
		}
	}
	if e.chance(4) {
		addresses = append(addresses, "slaac")
	}
	at.set("addresses", addresses)
	return p.name
}

// plugInAnother moves another attachment to a segment of the lab.
func plugInAnother(e *editor) string {
	m, name := entry(e, "segments")
	s, ok := m.get(name).(*mapping)
	if !ok {
		return ""
	}
	if who := e.plugIn(name, s); who != "" {
		return who + ": moved to segment " + name
	}
	return ""
}

// removeSegment removes a segment with the attachments of its hosts.
func removeSegment(e *editor) string {
	m, name := entry(e, "segments")
	if name == "" {
		return ""
	}
	m.set(name, nil)
	vrf, _ := nameOf("vrfs")(e, nil).(string)
	for _, p := range attachments(e) {
		at := p.get()
		if onSegment(at) != name {
			continue
		}
		for _, key := range []string{"routes", "advertises", "announce", "mtu"} {
			at.set(key, nil)
		}
		attach(e, at, vrf)
	}
	return "segment " + name + " removed, its hosts moved to " + vrf
}

// routerOnSegment puts a router on a segment, a further one, or takes them away.
func routerOnSegment(e *editor) string {
	m, name := entry(e, "segments")
	s, ok := m.get(name).(*mapping)
	if !ok {
		return ""
	}
	var routers []any
	for _, p := range segmentRouters(&editor{file: mapped("segments", mapped(name, s))}) {
		one := mapped()
		for _, key := range []string{"to", "vrf", "rd", "gateway", "ra"} {
			one.set(key, p.get().get(key))
			if s.get("attach") == nil {
				s.set(key, nil)
			}
		}
		routers = append(routers, one)
	}
	if e.chance(3) {
		s.set("attach", nil)
		return "segment " + name + " has no router"
	}
	more := mapped("to", nameOf("routers")(e, nil), "vrf", nameOf("vrfs")(e, nil))
	if len(routers) > 0 && e.chance(2) {
		more.set("vrf", routers[0].(*mapping).get("vrf"))
	}
	if e.chance(3) {
		routers = nil
	}
	if e.chance(3) {
		more.set("ra", advertisement(e, nil))
	}
	s.set("attach", append(routers, any(more)))
	if len(routers) == 0 && e.chance(2) {
		s.set("attach", nil)
		for _, f := range more.fields {
			s.set(f.key, f.value)
		}
	}
	return "segment " + name + ": router " + worded(more.get("to")) + " added"
}

// uncertain reports whether hosts on a segment form addresses, or choose a router, by
// what nobody in the lab does: no daemon runs in hosts, and of two routers that
// advertise, a host takes either.
func uncertain(lab *topology.Topology) bool {
	for _, h := range lab.Hosts {
		for _, a := range h.Attachments {
			s := lab.Segment(a)
			if s == nil || !a.SLAAC {
				continue
			}
			advertise := 0
			for _, r := range s.Routers {
				if r.RA != nil {
					advertise++
				}
			}
			if advertise != 1 || len(a.Advertised) != 1 || advertisedByHosts(lab, s.Name) {
				return true
			}
		}
	}
	return false
}

func advertisedByHosts(lab *topology.Topology, segment string) bool {
	return slices.ContainsFunc(lab.Hosts, func(h topology.Host) bool {
		return slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool { return a.Segment == segment && len(a.Advertises) > 0 })
	})
}

// renameSegment renames a segment.
func renameSegment(e *editor) string {
	m, old := entry(e, "segments")
	name := fresh(e, m, "lan1", "lan2", "lan3", "a-much-longer-name")
	if name == "" || old == "" {
		return ""
	}
	m.rename(old, name)
	for _, p := range attachments(e) {
		if at := p.get(); at.get("to") == old {
			at.set("to", name)
		}
	}
	return strings.Join([]string{"segment", old, "renamed", name}, " ")
}
