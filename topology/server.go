package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Uplink is the server as a router on a segment.
type Uplink struct {
	Mode      UplinkMode     `json:"mode"`
	Addresses []netip.Prefix `json:"addresses"` // the server's, one in each subnet
}

// UplinkMode is what the server does with packets from a segment to its own networks.
type UplinkMode string

// The modes of uplinks.
const (
	UplinkMasquerade UplinkMode = "masquerade" // they get an address of the server
	UplinkRouted     UplinkMode = "routed"     // they stay as they are
)

// OnServer reports whether the server is on the segment.
func (s Segment) OnServer() bool { return s.NIC != "" || s.Uplink != nil }

// uplinkName is how routes of hosts name the server on a segment with an uplink.
const uplinkName = "uplink"

// Published is a port of the server that leads to a host.
type Published struct {
	Address  netip.Addr `json:"address,omitzero"` // of the server; zero: all; unspecified: all of the family
	Port     uint16     `json:"port"`             // of the server
	To       uint16     `json:"to"`               // of the host
	Protocol string     `json:"protocol"`         // tcp or udp
}

// String returns the port as it is written in the file.
func (p Published) String() string {
	text := fmt.Sprintf("%d:%d/%s", p.Port, p.To, p.Protocol)
	switch {
	case !p.Address.IsValid():
		return text
	case p.Address.Is6():
		return "[" + p.Address.String() + "]:" + text
	}
	return p.Address.String() + ":" + text
}

// For reports whether a port is published for a family.
func (p Published) For(ipv4 bool) bool { return !p.Address.IsValid() || p.Address.Is4() == ipv4 }

// Overlaps reports whether a packet could be for both.
func (p Published) Overlaps(o Published) bool {
	if p.Port != o.Port || p.Protocol != o.Protocol {
		return false
	}
	if !p.Address.IsValid() || !o.Address.IsValid() {
		return true
	}
	return p.Address.Is4() == o.Address.Is4() && (p.Address == o.Address || p.Address.IsUnspecified() || o.Address.IsUnspecified())
}

// parsePublished reads 8080:80, 192.0.2.1:8080:80/tcp or [2001:db8::1]:53:53/udp.
func parsePublished(p *Published, s string) *fault {
	wrong := &fault{fmt.Sprintf("%q is not a published port", s), "write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80"}
	rest, protocol, has := strings.Cut(s, "/")
	if !has {
		protocol = "tcp"
	}
	if protocol != "tcp" && protocol != "udp" {
		return wrong
	}
	out := Published{Protocol: protocol}
	words := strings.Split(rest, ":")
	if len(words) < 2 {
		return wrong
	}
	if address := strings.Join(words[:len(words)-2], ":"); address != "" {
		bare := strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
		a, err := netip.ParseAddr(bare)
		if err != nil || a.Zone() != "" || a.Is6() != strings.HasPrefix(address, "[") || a.Is4In6() || a.IsMulticast() {
			return wrong
		}
		if a.IsLoopback() || a.Is6() && a.IsLinkLocalUnicast() {
			return &fault{fmt.Sprintf("%q is for nobody: hosts cannot answer what comes to a loopback or link-local address of the server", s),
				"name another address of the server, or none for all of them"}
		}
		out.Address = a
	}
	for i, port := range []*uint16{&out.Port, &out.To} {
		n, err := strconv.ParseUint(words[len(words)-2+i], 10, 16)
		if err != nil || n == 0 {
			return wrong
		}
		*port = uint16(n)
	}
	*p = out
	return nil
}

// defaultRouter is who hosts on the segment send to by default: the server if it is a
// router there, else the first router; the zero neighbor if there is none.
func (s *Segment) defaultRouter() neighbor {
	switch {
	case s.Uplink != nil:
		return neighbor{uplinkName, s.Uplink.Addresses}
	case len(s.Routers) > 0:
		return neighbor{s.Routers[0].Router, s.Routers[0].Gateways}
	}
	return neighbor{}
}

// server resolves what the server does on a segment.
func (b *segmentBuilder) server(e entry[rawSegment], s *Segment, subnets []value[netip.Prefix], element string) {
	b.nic(e.value.NIC, s, element)
	raw := e.value.Uplink
	if !raw.has {
		return
	}
	switch {
	case len(subnets) == 0:
		b.refuse(raw.at, element, "has an uplink and no subnet", "add subnets: [172.20.0.0/16]")
		return
	case s.NIC != "":
		b.refuse(raw.at, element, "has uplink: as well as nic:, by which the server is on it already", "remove one of them")
		return
	}
	s.Uplink = &Uplink{Mode: raw.v}
	for _, subnet := range subnets {
		b.uplinked = append(b.uplinked, claim{subnet.v, connected, subnet.at, element})
		if p, ok := firstFree(subnet.v, s.Routers); ok {
			s.Uplink.Addresses = append(s.Uplink.Addresses, p)
			continue
		}
		b.refuse(subnet.at, element, fmt.Sprintf("subnet %s has no address left for the server", subnet.v), "use a shorter prefix")
	}
}

// firstFree returns the first address of a subnet that no router has.
func firstFree(subnet netip.Prefix, routers []SegmentRouter) (netip.Prefix, bool) {
	for i := range len(routers) + 1 {
		p, ok := usable(subnet, i)
		if !ok {
			return p, false
		}
		if !slices.ContainsFunc(routers, func(r SegmentRouter) bool { return slices.Contains(r.Gateways, p) }) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// nic resolves the server's NIC on a segment.
func (b *segmentBuilder) nic(raw value[string], s *Segment, element string) {
	if !raw.has {
		return
	}
	if len(b.nics) == 0 {
		for _, l := range b.raw.Links {
			if l.NIC.has {
				b.nics[l.NIC.v] = l.NIC.at
			}
		}
	}
	switch before, taken := b.nics[raw.v]; {
	case badInterface(raw.v) != "":
		b.refuse(raw.at, element, fmt.Sprintf("nic: %q is not the name of a network interface of a server", raw.v), "see ip link")
	case taken:
		b.refuse(raw.at, element, fmt.Sprintf("NIC %s is already used on line %d", raw.v, before.line), "name another one")
	default:
		b.nics[raw.v] = raw.at
		s.NIC = raw.v
	}
}

// published resolves the published ports of hosts, once all hosts are known.
func (b *hostBuilder) published() {
	type owned struct {
		Published
		at      pos
		element string
	}
	var all []owned
	raw := make(map[string]rawHost)
	for _, e := range b.raw.Hosts {
		raw[e.key.v] = e.value
	}
	for i := range b.lab.Hosts {
		h := &b.lab.Hosts[i]
		for _, p := range raw[h.Name].Publish {
			element := "host " + h.Name
			if !p.has || !b.checkPublished(p, h, element) {
				continue
			}
			for _, o := range all {
				if o.Overlaps(p.v) {
					b.refuse(p.at, element, fmt.Sprintf("port %d/%s of the server already leads to %s (line %d)", p.v.Port, p.v.Protocol, strings.TrimPrefix(o.element, "host "), o.at.line), "publish another port of the server")
				}
			}
			all = append(all, owned{p.v, p.at, element})
			h.Publish = append(h.Publish, p.v)
		}
	}
}

// checkPublished refuses a port of a host that the server cannot reach.
func (b *hostBuilder) checkPublished(p value[Published], h *Host, element string) bool {
	_, targets := b.lab.Uplinked(*h)
	switch {
	case len(targets) == 0:
		b.refuse(p.at, element, fmt.Sprintf("publishes %s, but has no address on a segment with an uplink", p.v), "add uplink: masquerade to its segment, and the host's address to addresses:")
	case !slices.ContainsFunc(targets, func(a netip.Addr) bool { return p.v.For(a.Is4()) }):
		b.refuse(p.at, element, fmt.Sprintf("publishes %s, but has no address of that family on a segment with an uplink", p.v), "give it one in addresses:")
	default:
		return true
	}
	return false
}

// Uplinked returns the first segment with an uplink that a host has an address on,
// and the first address of each family there.
func (t *Topology) Uplinked(h Host) (segment string, addresses []netip.Addr) {
	for _, a := range h.Attachments {
		s := t.Segment(a)
		if s == nil || s.Uplink == nil {
			continue
		}
		for _, family := range []netip.Prefix{defaultRoute4, defaultRoute6} {
			if address, ok := addressOf(a.Addresses, family); ok {
				addresses = append(addresses, address)
			}
		}
		if len(addresses) > 0 {
			return s.Name, addresses
		}
	}
	return "", nil
}
