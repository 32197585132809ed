package trace

import (
	"fmt"
	"net/netip"
	"strings"

	"pseudowan/status"
)

// implicitNull is the label that stands for none (RFC 3032 section 2.1).
const implicitNull = 3

// around sends to the next hop of a route through a label-switched path, with the path's
// label around that of the route.
func (s *Snapshot) around(router string, r status.Route, taken status.Forwarding) lookup {
	for _, p := range s.LSPs {
		if p.Router != router || p.FEC != hostPrefix(r.NextHop) || p.OutLabel == nil || r.Label == nil {
			continue
		}
		return s.along(router, takenWay(p, taken), []uint32{*r.Label}, true)
	}
	return stops(s.noPath(router, r.NextHop))
}

// takenWay returns a path with that of its equally short ways that the switch takes.
func takenWay(p status.LSP, taken status.Forwarding) status.LSP {
	for _, w := range p.Equal {
		if w.Interface == taken.Out {
			p.NextHop, p.Interface, p.OutLabel = w.NextHop, w.Interface, &w.OutLabel
		}
	}
	return p
}

// onward moves a packet with the label of a path that leads further on; ok is false if the
// label is not of one.
func (s *Snapshot) onward(router string, p Packet) (f lookup, ok bool) {
	for _, l := range s.LSPs {
		if l.Router == router && l.InLabel != nil && *l.InLabel == *p.Label && l.OutLabel != nil {
			f = s.along(router, l, p.Under, false)
			if *l.OutLabel == implicitNull {
				f.Popped = p.Label
			}
			return f, true
		}
	}
	return f, false
}

// ends reports whether a label is the one by which packets come to the router's own loopback.
func (s *Snapshot) ends(router string, label uint32) bool {
	for _, l := range s.LSPs {
		if l.Router == router && l.OutLabel == nil && l.InLabel != nil && *l.InLabel == label {
			return true
		}
	}
	return false
}

// along sends a packet with labels on a path. pushed says that the outermost of them is new.
func (s *Snapshot) along(router string, p status.LSP, labels []uint32, pushed bool) lookup {
	n, _ := s.neighbor(router, "", p.NextHop)
	f := lookup{Forwarding: status.Forwarding{Out: p.Interface, To: s.routerAt(p.NextHop), Stack: labels}, mac: n.MAC}
	if *p.OutLabel != implicitNull {
		f.Stack, pushed = append([]uint32{*p.OutLabel}, labels...), true
	}
	if pushed {
		f.Pushed = &f.Stack[0]
	}
	return f
}

// noPath says that a router has no label-switched path to a next hop, and who has not heard
// of it.
func (s *Snapshot) noPath(router string, nextHop netip.Addr) string {
	text := fmt.Sprintf("no label-switched path to next hop %s", nextHop)
	for _, other := range s.routers() {
		if other == router || !s.adjacent(router, other) {
			continue
		}
		if !s.reaches(other, nextHop) {
			text += fmt.Sprintf("; %s has none, either", other)
		}
	}
	for _, b := range s.BFD {
		if b.Failed && !b.Multihop && !s.reaches(b.Router, nextHop) && s.reaches(b.Neighbor, nextHop) {
			text += fmt.Sprintf("; BFD of %s has lost %s on %s: %s", b.Router, b.Neighbor, b.Interface, b.Diagnostic)
		}
	}
	switch lost := s.lost(nextHop); len(lost) {
	case 0:
		return text
	case 1:
		return text + "; " + lost[0] + " has no carrier"
	default:
		return text + "; " + strings.Join(lost, " and ") + " have no carrier"
	}
}

// lost lists the ends of links without carrier between routers that have a path to a next hop
// and routers that have none.
func (s *Snapshot) lost(nextHop netip.Addr) (ends []string) {
	for _, l := range s.Topology.Links {
		way, none := false, false
		var down []string
		for _, e := range l.Ends {
			has := s.reaches(e.Router, nextHop)
			way, none = way || has, none || !has
			for _, i := range s.core(e.Router) {
				if i.Name == e.Interface && i.Oper != status.InterfaceUp {
					down = append(down, e.Router+":"+e.Interface)
				}
			}
		}
		if l.Metric > 0 && way && none {
			ends = append(ends, down...)
		}
	}
	return ends
}

func (s *Snapshot) reaches(router string, nextHop netip.Addr) bool {
	for _, l := range s.LSPs {
		if l.Router == router && l.FEC == hostPrefix(nextHop) {
			return true
		}
	}
	return false
}

// adjacent reports whether two routers are on a link of the core.
func (s *Snapshot) adjacent(a, b string) bool {
	for _, l := range s.Topology.Links {
		has := map[string]bool{}
		for _, e := range l.Ends {
			has[e.Router] = true
		}
		if l.Metric > 0 && has[a] && has[b] {
			return true
		}
	}
	return false
}
