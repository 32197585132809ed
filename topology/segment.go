package topology

import (
	"net/netip"
	"slices"
)

// Segment is a LAN of hosts, or a wire between two, perhaps with routers on it.
type Segment struct {
	Name    string          `json:"name"`
	MTU     int             `json:"mtu"`
	Subnets []netip.Prefix  `json:"subnets,omitempty"` // those that the file names, and advertised ones; none: hosts may have any
	Routers []SegmentRouter `json:"routers,omitempty"` // each by a port in a VRF
	NIC     string          `json:"nic,omitempty"`     // of the server, which is a port of the segment; "": none
	Uplink  *Uplink         `json:"uplink,omitempty"`  // the server as a router on the segment; nil: it is not there

	Guard Guard `json:"guard,omitzero"` // of the ports of hosts that have none of their own
}

// SegmentRouter is the port of a router on a segment.
type SegmentRouter struct {
	Router   string         `json:"router"`
	VRF      string         `json:"vrf"`
	Gateways []netip.Prefix `json:"gateways"` // the router's address in each subnet
	RA       *RA            `json:"ra,omitempty"`
}

// NextHop is a route of a host to a neighbour on a segment.
type NextHop struct {
	Prefix netip.Prefix `json:"prefix"`
	Via    netip.Addr   `json:"via"`
}

// Segment returns the segment of an attachment; nil if that leads to a router
// directly.
func (t *Topology) Segment(a Attachment) *Segment {
	if a.Segment == "" {
		return nil
	}
	i := slices.IndexFunc(t.Segments, func(s Segment) bool { return s.Name == a.Segment })
	if i < 0 {
		return nil
	}
	return &t.Segments[i]
}

// AtRouters returns the attachments of a host as routers see them: one for each
// router on a segment, and none for a segment without.
func (t *Topology) AtRouters(h Host) []Attachment {
	if !slices.ContainsFunc(h.Attachments, func(a Attachment) bool { return a.Segment != "" }) {
		return h.Attachments
	}
	var out []Attachment
	for _, a := range h.Attachments {
		s := t.Segment(a)
		if s == nil {
			out = append(out, a)
			continue
		}
		for _, r := range s.Routers {
			a.Router, a.VRF, a.Gateways, a.RA = r.Router, r.VRF, r.Gateways, r.RA
			out = append(out, a)
		}
	}
	return out
}

// Attachments returns the ports of routers on the segment as attachments without a
// host.
func (s *Segment) Attachments() []Attachment {
	var out []Attachment
	for _, r := range s.Routers {
		out = append(out, Attachment{Segment: s.Name, Router: r.Router, VRF: r.VRF, Gateways: r.Gateways, RA: r.RA, MTU: s.MTU})
	}
	return out
}

// SubnetsOf returns the subnets of the segment that an attachment leads to, as far as
// they are known.
func (t *Topology) SubnetsOf(a Attachment) []netip.Prefix {
	s := t.Segment(a)
	if s == nil {
		return a.subnets()
	}
	out := slices.Concat(s.Subnets, a.Prefixes())
	for _, n := range t.neighborsOn(s) {
		for _, p := range n.addresses {
			out = append(out, p.Masked())
		}
	}
	return out
}

// instances returns the VRF instances that an attachment leads to.
func (t *Topology) instances(a Attachment) []vrfKey {
	if a.Segment == "" {
		return []vrfKey{{a.Router, a.VRF}}
	}
	var out []vrfKey
	if s := t.Segment(a); s != nil {
		for _, r := range s.Routers {
			out = append(out, vrfKey{r.Router, r.VRF})
		}
	}
	return out
}

// HostAttachment is an attachment to a VRF with its host. Host is the segment if it
// is only the port of a router there, and the other end of a link that belongs to VRFs.
type HostAttachment struct {
	Host string
	Attachment
}

// AtAllRouters lists the attachments to VRFs as routers see them: those of segments,
// those of links that belong to VRFs, and those of hosts.
func (t *Topology) AtAllRouters() []HostAttachment {
	var out []HostAttachment
	for i := range t.Segments {
		for _, a := range t.Segments[i].Attachments() {
			out = append(out, HostAttachment{t.Segments[i].Name, a})
		}
	}
	for _, l := range t.Links {
		for i := range l.Ends {
			if a, ok := l.AtVRF(i); ok {
				out = append(out, a)
			}
		}
	}
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			out = append(out, HostAttachment{h.Name, a})
		}
	}
	return out
}

// Connected returns the gateways whose subnets the attachment connects to the VRF.
// On a segment the router's own port does that, whoever else is there.
func (a HostAttachment) Connected() []netip.Prefix {
	if a.Segment != "" && a.Host != a.Segment {
		return nil
	}
	return a.Gateways
}

// Prefixes returns the prefixes in which a host on the attachment forms addresses by
// SLAAC, as far as the file says them.
func (a Attachment) Prefixes() []netip.Prefix {
	switch {
	case !a.SLAAC:
		return nil
	case a.Segment == "" && a.RA != nil:
		return a.RA.autonomous()
	}
	return a.Advertised
}

// Knows reports whether an address of the host is in a subnet of the router, so that
// it can be a neighbour there.
func (a Attachment) Knows(p netip.Prefix) bool {
	return slices.ContainsFunc(a.Gateways, func(g netip.Prefix) bool { return g.Contains(p.Addr()) })
}

// subnets returns the subnets that a host is on by an attachment.
func (a Attachment) subnets() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range slices.Concat(a.Addresses, a.Gateways, a.Prefixes()) {
		if !slices.Contains(out, p.Masked()) {
			out = append(out, p.Masked())
		}
	}
	return out
}
