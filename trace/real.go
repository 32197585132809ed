package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Beside adds to the path what real packets showed: the nodes that answered, and
// where the packets went another way. A hop with a Node is the answer of that host.
func (p Path) Beside(s *Snapshot, real []status.RealHop) status.Trace {
	t := p.Trace
	t.Real = []status.RealHop{}
	expected := s.visible(p.Hops[1:])
	for i, h := range real {
		switch beyond := p.site != "" && i >= len(expected); {
		case h.Node != "":
			t.Answered = h.Node
		case beyond && h.Address == t.Destination:
			h.Node = p.site
		case !beyond: // the lab's addresses are used again outside
			h.Node = s.owner(h.Address, at(expected, i))
		}
		t.Real = append(t.Real, h)
	}
	text, hop := disagree(t, expected, p.onward)
	if text == "" {
		return t
	}
	if d, ok := p.doubtUpTo(hop); ok {
		if !d.ends {
			text += "; " + d.text
		}
		t.CannotTell = append(t.CannotTell, text)
		return t
	}
	if f, ok := p.filtered(t); ok {
		t.CannotTell = append(t.CannotTell, text+"; "+f)
		return t
	}
	t.Disagreements = append(t.Disagreements, text)
	return t
}

// visible lists the nodes that count as hops for packets: in a core that is one hop to them
// (RFC 3443, pipe model) not those that only pass them on along a path.
func (s *Snapshot) visible(hops []status.Hop) (nodes []string) {
	for _, h := range hops {
		transit := h.Tables != nil && h.Tables.VRF == "" && len(h.Tables.Stack) > 0
		if core := s.Topology.Core; core == nil || !core.Pipe || !transit {
			nodes = append(nodes, h.Node)
		}
	}
	return nodes
}

// filtered names the host that may have dropped a packet without an answer. By the
// answers of other nodes, the packet must have reached it.
func (p Path) filtered(t status.Trace) (string, bool) {
	silent := 1
	for i, h := range t.Real {
		if h.Address.IsValid() {
			silent = i + 2
		}
	}
	if t.Answered != "" || len(p.filters) == 0 || p.filters[0].hop > silent {
		return "", false
	}
	return p.filters[0].text, true
}

// doubtUpTo returns why the path is unknown at a hop or before it.
func (p Path) doubtUpTo(hop int) (doubt, bool) {
	if len(p.doubts) == 0 || p.doubts[0].hop > hop {
		return doubt{}, false
	}
	return p.doubts[0], true
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// owner returns the node that has an address; if several have it, the likely one.
func (s *Snapshot) owner(a netip.Addr, likely string) string {
	if !a.IsValid() {
		return ""
	}
	a = unembedded(a)
	var owners []string
	has := func(p netip.Prefix) bool { return p.Addr() == a }
	for _, i := range s.Interfaces {
		if slices.ContainsFunc(i.Addresses, has) {
			owners = append(owners, i.Router)
		}
	}
	for _, h := range s.Topology.Hosts {
		attached := slices.ContainsFunc(h.Attachments, func(x topology.Attachment) bool { return slices.ContainsFunc(x.Addresses, has) })
		if attached || slices.ContainsFunc(h.LANs, has) {
			owners = append(owners, h.Name)
		}
	}
	switch {
	case len(owners) == 0:
		return ""
	case slices.Contains(owners, likely):
		return likely
	}
	return owners[0]
}

// unembedded returns the IPv4 address in an IPv6 address of a router that has none of its
// own (RFC 6052 section 2.2, RFC 8215); other addresses stay.
func unembedded(a netip.Addr) netip.Addr {
	if !netip.MustParsePrefix("64:ff9b:1::/96").Contains(a) {
		return a
	}
	six := a.As16()
	return netip.AddrFrom4([4]byte(six[12:]))
}

// answers reports whether a node answered real packets.
func answers(real []status.RealHop, node string) bool {
	return slices.ContainsFunc(real, func(h status.RealHop) bool { return h.Node == node })
}

// arrives reports whether a host got a real packet.
func arrives(real []status.RealHop, host string) bool {
	return slices.ContainsFunc(real, func(h status.RealHop) bool { return slices.Contains(h.Arrived, host) })
}

// disagree returns how the path of real packets differs from that by Open vSwitch,
// and the hop up to which both agree. A node that does not answer proves nothing
// unless it is the last, and one that answers is no surprise if a packet went onward outside
// the lab.
func disagree(t status.Trace, expected []string, onward bool) (text string, hop int) {
	last := len(t.Hops) - 1
	host := slices.ContainsFunc(t.Hops, func(h status.Hop) bool { return h.Kind == status.Host && h.Node == t.Delivered })
	switch {
	case host && t.Answered == "" && arrives(t.Real, t.Delivered):
		return fmt.Sprintf("real packets: they arrive at %s, but no answer comes back", t.Delivered), last
	case host && t.Answered == "":
		return fmt.Sprintf("real packets: no answer, although by the flows they are delivered to %s", t.Delivered), last
	case host && t.Answered != t.Delivered:
		return fmt.Sprintf("real packets: %s answers, although by the flows they are delivered to %s", t.Answered, t.Delivered), last
	case t.Delivered != "" && !host && !answers(t.Real, t.Delivered):
		return fmt.Sprintf("real packets: no answer, although by the flows they are delivered to router %s", t.Delivered), last
	case t.Delivered == "" && t.Answered != "" && !onward:
		return fmt.Sprintf("real packets: %s answers, although by the flows the packet %s", t.Answered, t.Outcome), last
	}
	for i, h := range t.Real {
		if want := at(expected, i); h.Node != "" && want != "" && h.Node != want {
			return fmt.Sprintf("real packets: hop %d is %s (%s), but by the flows it is %s: the path is %s",
				h.TTL, h.Node, h.Address, want, strings.Join(expected, ", ")), i + 1
		}
	}
	return "", 0
}
