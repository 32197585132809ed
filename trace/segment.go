package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// segment finds a segment by its name; nil if none has it.
func (s *Snapshot) segment(name string) *topology.Segment {
	return s.Topology.Segment(topology.Attachment{Segment: name})
}

// leads reports whether a router's port leads to a host, or to a segment that the
// host is on.
func (s *Snapshot) leads(port status.Interface, host string) bool {
	if port.Host == host {
		return true
	}
	for _, h := range s.Topology.Hosts {
		if h.Name == host {
			return slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool { return a.Segment != "" && a.Segment == port.Host })
		}
	}
	return false
}

// hostAt returns the host at a router's port that has an address; "" if none on the
// segment there has it.
func (s *Snapshot) hostAt(port status.Interface, a netip.Addr) string {
	segment := s.segment(port.Host)
	if segment == nil {
		return port.Host
	}
	for _, h := range s.Topology.Hosts {
		for _, x := range h.Attachments {
			if x.Segment == segment.Name && slices.ContainsFunc(x.Addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
				return h.Name
			}
		}
	}
	return ""
}

// endOfVRF takes the name of an end of a link of VRFs apart; false if it is none.
func (s *Snapshot) endOfVRF(name string) (router, intf string, ok bool) {
	router, intf, _ = strings.Cut(name, ":")
	for _, l := range s.Topology.Links {
		for _, e := range l.Ends {
			if e.VRF != "" && e.Router == router && e.Interface == intf {
				return router, intf, true
			}
		}
	}
	return "", "", false
}

// neighborAt returns the node at a router's port that has a MAC or, if that is not
// known, an address.
func (s *Snapshot) neighborAt(port status.Interface, a netip.Addr, mac string) string {
	if router, _, ok := s.endOfVRF(port.Host); ok {
		return router
	}
	segment := s.segment(port.Host)
	if segment == nil {
		return port.Host
	}
	return s.onSegment(*segment, port.Router, a, mac).node
}

// onSegment finds the station that gets a frame on a segment: by its MAC or, if that
// is not known, by the address of the next hop. The sender does not get it.
func (s *Snapshot) onSegment(segment topology.Segment, sender string, hop netip.Addr, mac string) place {
	for _, x := range s.Stations {
		if mac != "" && x.Segment == segment.Name && strings.EqualFold(x.MAC, mac) && x.Host != sender {
			return place{node: x.Host, arrives: x.Interface, mac: mac}
		}
	}
	for _, i := range s.Interfaces {
		has := slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == hop })
		if i.Host == segment.Name && i.Router != sender && (mac != "" && strings.EqualFold(i.MAC, mac) || mac == "" && has) {
			return place{node: i.Router, router: true, port: i.Port}
		}
	}
	if mac != "" {
		return place{}
	}
	for _, h := range s.Topology.Hosts {
		for _, a := range h.Attachments {
			has := slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == hop })
			if a.Segment == segment.Name && has && h.Name != sender {
				return place{node: h.Name, arrives: a.Interface}
			}
		}
	}
	return place{}
}

// acrossSegment finds the node that gets a packet which a host sends on a segment.
func (f *follower) acrossSegment(segment topology.Segment, h topology.Host, route HostRoute) place {
	for _, a := range h.Attachments {
		if a.Interface == route.Interface && f.path.Source.IsValid() && !a.Permits(f.path.Source) {
			f.path.Outcome = fmt.Sprintf("is dropped by the port guard of host %s on segment %s: %s is not an address of %s", h.Name, segment.Name, f.path.Source, h.Name)
			return place{}
		}
	}
	if route.Silent {
		at := f.onSegment(segment, h.Name, route.NextHop, "")
		host := ""
		if !at.router {
			host = at.node
		}
		f.path.Outcome = fmt.Sprintf("ends at host %s: %s on segment %s", h.Name, f.silent(route.NextHop, host), segment.Name)
		return place{}
	}
	at := f.onSegment(segment, h.Name, route.NextHop, route.MAC)
	switch {
	case at.node == "" && route.MAC != "":
		f.end("is sent by host %s on segment %s to MAC %s, which it has for %s and no node of the lab has", h.Name, segment.Name, route.MAC, route.NextHop)
	case at.node == "":
		f.path.Outcome = fmt.Sprintf("ends at host %s: nobody on segment %s has %s", h.Name, segment.Name, route.NextHop)
	}
	return at
}

// named returns a host, a segment or the router at the other end of a link of VRFs with
// its kind.
func (s *Snapshot) named(origin string) string {
	if s.segment(origin) != nil {
		return "segment " + origin
	}
	if router, _, ok := s.endOfVRF(origin); ok {
		return "router " + router
	}
	return "host " + origin
}
