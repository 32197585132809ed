package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// rawSegment is a LAN of hosts.
type rawSegment struct {
	At pos `json:"-"`
	rawSegmentRouter
	Subnets []value[network]  `json:"subnets" doc:"Subnets of the segment, in which its hosts have their addresses. A segment without a router may leave them out." default:"those of its hosts"`
	MTU     value[int]        `json:"mtu" jsonschema:"minimum=68,maximum=9216" doc:"MTU of the segment, at least 1280 with IPv6." default:"1500"`
	NIC     value[string]     `json:"nic" doc:"Network interface of the server, or a bridge of it, that becomes a port of the segment. The server keeps it, with its addresses and routes." default:"none"`
	Uplink  value[UplinkMode] `json:"uplink" doc:"Makes the server a router between the segment and its own networks, with the first address of each subnet that no router has: masquerade for connections that come from the addresses of the server, or routed. It is the default router of the hosts." default:"none"`

	Guard  oneOrMany[value[guardWord]] `json:"guard" doc:"What the ports of hosts drop that do not say so themselves: ra, source, dhcp, as at an attachment. The segment then has a bridge, even for two hosts." default:"none"`
	Attach oneOrMany[rawSegmentRouter] `json:"attach" doc:"Routers on the segment. A segment with one router may give its keys directly."`
}

// rawSegmentRouter is a router on a segment.
type rawSegmentRouter struct {
	At      pos                          `json:"-"`
	To      value[string]                `json:"to" doc:"Name of a router that has a port on the segment." default:"none"`
	VRF     value[string]                `json:"vrf" doc:"Name of the VRF: one of vrfs, or a new one if rd is given."`
	RD      value[vpn.RD]                `json:"rd" doc:"Route distinguisher of the VRF on this router. A VRF without route targets also imports and exports it as route target."`
	Gateway oneOrMany[value[netip.Addr]] `json:"gateway" doc:"Addresses of the router, one for each subnet." default:"the first address of the subnet for the first router, the second for the second"`
	RA      rawRA                        `json:"ra" doc:"Router advertisements: the advertised prefix, or settings." default:"none"`
}

// maxSegments bounds the segments of a lab.
const maxSegments = 4000

// segmentBuilder fills Segments.
type segmentBuilder struct {
	*report
	raw        *rawTopology
	lab        *Topology
	names      *nodeNames
	attachment *attachmentBuilder
	claims     *vrfClaims
	nics       map[string]pos // of the server, on links and segments
	uplinked   []claim        // subnets in which the server is a router
}

// build adds the segments.
func (b *segmentBuilder) build() {
	if len(b.raw.Segments) > maxSegments {
		b.refuse(b.raw.Segments[maxSegments].key.at, "segments", fmt.Sprintf("more than %d segments", maxSegments), "split the lab")
		return
	}
	for _, e := range b.raw.Segments {
		b.names.claim(e.key, "segment")
		b.lab.Segments = append(b.lab.Segments, b.segment(e))
	}
	b.refuseOverlaps(b.uplinked, "at the server, which is a router between them")
}

// segment resolves one segment.
func (b *segmentBuilder) segment(e entry[rawSegment]) Segment {
	element := "segment " + e.key.v
	mtu := first(e.value.MTU, b.attachment.mtu)
	s := Segment{Name: e.key.v, MTU: mtu.or(ipMTU), Guard: guardOf(b.report, e.value.Guard, element)}
	routers := b.routersOn(e, element)
	subnets := b.subnets(e, routers, element)
	for _, v := range subnets {
		s.Subnets = append(s.Subnets, v.v)
	}
	for i, raw := range routers {
		where := element
		if len(routers) > 1 {
			where = fmt.Sprintf("%s, attach[%d]", element, i)
		}
		s.Routers = append(s.Routers, b.router(raw, &s, subnets, i, where))
	}
	b.checkMTU(mtu, element, hasIPv6(s.Subnets))
	if len(routers) > 0 && len(subnets) == 0 {
		b.refuse(e.key.at, element, "has a router and no subnet", "add subnets: [10.1.0.0/24]")
	}
	b.checkRouters(routers, s, element)
	b.server(e, &s, subnets, element)
	return s
}

// routersOn returns the routers on a segment, in the long form.
func (b *segmentBuilder) routersOn(e entry[rawSegment], element string) []rawSegmentRouter {
	short := e.value.rawSegmentRouter
	short.At = e.key.at
	direct := short.To.at != (pos{}) || short.VRF.at != (pos{}) || short.RA.at != (pos{}) || len(short.Gateway) > 0 || short.RD.at != (pos{})
	switch {
	case direct && len(e.value.Attach) > 0:
		b.refuse(e.key.at, element, "has attach: as well as the keys of a router", "move to: and vrf: into attach:")
		return nil
	case direct:
		return []rawSegmentRouter{short}
	}
	return e.value.Attach
}

// subnets returns the subnets of a segment, with those that its routers advertise.
func (b *segmentBuilder) subnets(e entry[rawSegment], routers []rawSegmentRouter, element string) []value[netip.Prefix] {
	var out []value[netip.Prefix]
	add := func(v value[network], twice bool) {
		p := netip.Prefix(v.v)
		if !v.has || !b.checkSubnet(v.at, element, p) {
			return
		}
		for _, o := range out {
			switch {
			case o.v == p && !twice:
				return
			case o.v.Overlaps(p):
				b.refuse(v.at, element, fmt.Sprintf("subnet %s overlaps with %s", p, o.v), "remove one of them")
				return
			}
		}
		out = append(out, given(v.at, p))
	}
	for _, v := range e.value.Subnets {
		add(v, true)
	}
	for _, r := range routers {
		for _, p := range r.RA.prefixes() {
			if netip.Prefix(p.Prefix.v).Addr().Is6() {
				add(p.Prefix, false)
			}
		}
	}
	return out
}

// router resolves the i-th router on a segment.
func (b *segmentBuilder) router(raw rawSegmentRouter, s *Segment, subnets []value[netip.Prefix], i int, element string) SegmentRouter {
	like := rawAttachment{At: raw.At, To: raw.To, VRF: raw.VRF, RD: raw.RD, Gateway: raw.Gateway, RA: raw.RA}
	if _, known := b.attachment.router[raw.To.v]; raw.To.has && !known {
		b.refuse(raw.To.at, element, fmt.Sprintf("no router is named %q", raw.To.v), suggest(raw.To.v, b.attachment.router))
		like.To = value[string]{bad: true}
	}
	b.attachment.checkAttachment(like, element)
	r := SegmentRouter{Router: raw.To.v, VRF: raw.VRF.v}
	r.RA = b.attachment.advertisement(like, Attachment{MTU: s.MTU}, element)
	key := vrfKey{r.Router, r.VRF}
	for _, subnet := range subnets {
		b.claims.add(key, claim{subnet.v, connected, subnet.at, element})
		if p, ok := b.gateway(subnet, raw, i, element); ok {
			r.Gateways = append(r.Gateways, p)
		}
	}
	for _, g := range raw.Gateway {
		if g.has && !slices.ContainsFunc(subnets, func(v value[netip.Prefix]) bool { return v.v.Contains(g.v) }) {
			b.refuse(g.at, element, fmt.Sprintf("gateway %s is not on a subnet of the segment", g.v), "use an address of one of its subnets:")
		}
	}
	return r
}

// gateway returns the address of the i-th router on a segment in a subnet.
func (b *segmentBuilder) gateway(subnet value[netip.Prefix], raw rawSegmentRouter, i int, element string) (netip.Prefix, bool) {
	own := slices.ContainsFunc(raw.Gateway, func(g value[netip.Addr]) bool { return g.has && subnet.v.Contains(g.v) })
	if own || i == 0 {
		return b.attachment.gateway(subnet, raw.Gateway, element)
	}
	p, ok := usable(subnet.v, i)
	if !ok {
		b.refuse(subnet.at, element, fmt.Sprintf("subnet %s has no room for %d routers", subnet.v, i+1), "use a shorter prefix")
	}
	return p, ok
}

// checkRouters refuses routers on a segment that get in each other's way.
func (b *segmentBuilder) checkRouters(raw []rawSegmentRouter, s Segment, element string) {
	for i, r := range s.Routers {
		for k, other := range s.Routers[:i] {
			if r.Router == other.Router && raw[i].To.has {
				b.refuse(raw[i].To.at, element, fmt.Sprintf("router %s is on it twice (line %d)", r.Router, raw[k].To.at.line), "a router has one port on a segment; remove one")
			}
			for _, g := range r.Gateways {
				if slices.Contains(other.Gateways, g) {
					b.refuse(raw[i].At, element, fmt.Sprintf("routers %s and %s both have %s", other.Router, r.Router, g), "set gateway: of each")
				}
			}
		}
	}
}
