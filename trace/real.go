package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/labs/status"
	"pseudowan/topology"
)

// Beside puts what real packets showed beside the path, names who answered
// them, and says where they went another way. A hop with a Node is the answer
// of that host.
func (p Path) Beside(s *Snapshot, real []status.RealHop) status.Trace {
	t := p.Trace
	t.Real = []status.RealHop{}
	var expected []string
	for _, h := range p.Hops[1:] {
		expected = append(expected, h.Node)
	}
	for i, h := range real {
		if h.Node != "" {
			t.Answered = h.Node
		} else {
			h.Node = s.owner(h.Address, at(expected, i))
		}
		t.Real = append(t.Real, h)
	}
	if text := disagree(t, expected); text != "" {
		t.Disagreements = append(t.Disagreements, text)
	}
	return t
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// owner is the node that has an address; where several have it, the likely one.
func (s *Snapshot) owner(a netip.Addr, likely string) string {
	if !a.IsValid() {
		return ""
	}
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

// answers tells whether a node is among those that real packets heard of.
func answers(real []status.RealHop, node string) bool {
	return slices.ContainsFunc(real, func(h status.RealHop) bool { return h.Node == node })
}

// disagree tells how real packets went another way than Open vSwitch says.
// Nodes that do not answer say nothing, but for the last.
func disagree(t status.Trace, expected []string) string {
	host := slices.ContainsFunc(t.Hops, func(h status.Hop) bool { return h.Kind == "host" && h.Node == t.Delivered })
	switch {
	case host && t.Answered == "":
		return fmt.Sprintf("real packets: no answer, though by the flows they are delivered to %s", t.Delivered)
	case host && t.Answered != t.Delivered:
		return fmt.Sprintf("real packets: %s answers, though by the flows they are delivered to %s", t.Answered, t.Delivered)
	case t.Delivered != "" && !host && !answers(t.Real, t.Delivered):
		return fmt.Sprintf("real packets: no answer, though by the flows they are delivered to router %s", t.Delivered)
	case t.Delivered == "" && t.Answered != "":
		return fmt.Sprintf("real packets: %s answers, though by the flows the packet %s", t.Answered, t.Outcome)
	}
	for i, h := range t.Real {
		if want := at(expected, i); h.Node != "" && want != "" && h.Node != want {
			return fmt.Sprintf("real packets: hop %d is %s (%s), by the flows it is %s: they pass %s",
				h.TTL, h.Node, h.Address, want, strings.Join(expected, ", "))
		}
	}
	return ""
}
