package diagram

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pseudowan/topology"
)

// scene is what pictures show of a topology.
type scene struct {
	name, description string
	routers           []router
	links             []link
	segments          []segment
}

type router struct {
	name   string
	facts  []string // lines under the name
	groups []group
}

// group is a VRF on a router with its attachments.
type group struct {
	vrf    string   // "" for a segment
	name   string   // of a segment
	facts  []string // RD, targets, labels
	labels string
	look   look
	rows   []attachment
}

// attachment is one attachment of a host to a VRF.
type attachment struct {
	segment bool // it leads to a segment; host is ""
	host    string
	name    string   // the host's, with the interface if it has several
	facts   []string // addresses, BGP, what is behind the host
}

// link connects routers. It is a wire, or has a middle: a LAN, or a NIC of the
// server.
type link struct {
	ends   []end
	middle []string // lines that describe it; nil: a wire
	nic    bool
	bgp    string   // eBGP or iBGP on a wire; empty: no session
	path   []string // what to say of a path over it; nil: none is
}

type end struct {
	router    int
	intf      string
	addresses []string
}

func newScene(t *topology.Topology, labels Labels) *scene {
	s := &scene{name: t.Name, description: t.Description}
	index, looks := map[string]int{}, map[string]look{}
	for _, v := range t.VRFs {
		if _, ok := looks[v.Name]; !ok {
			looks[v.Name] = lookOf(len(looks))
		}
	}
	for i, r := range t.Routers {
		index[r.Name] = i
		facts := []string{fmt.Sprintf("AS %d", r.AS), r.ID.String(), "labels " + r.Labels.String()}
		if r.Loopback6.IsValid() {
			facts = slices.Insert(facts, 2, r.Loopback6.String())
		}
		if slices.ContainsFunc(t.Sessions, func(x topology.Session) bool { return x.Router == r.Name && x.Client }) {
			facts = append(facts, "route reflector")
		}
		s.routers = append(s.routers, router{name: r.Name, facts: facts})
	}
	for _, v := range t.VRFs {
		r := &s.routers[index[v.Router]]
		given := labels[Instance{v.Router, v.Name}]
		r.groups = append(r.groups, newGroup(t, v, given, looks[v.Name]))
	}
	for _, l := range t.Links {
		s.links = append(s.links, newLink(t, l, index))
	}
	for _, x := range t.Segments {
		s.segments = append(s.segments, newSegment(t, x, index, looks))
	}
	return s
}

// mark notes a path at the links that it takes.
func (s *scene) mark(path []Hop) {
	for _, h := range path {
		for i, l := range s.links {
			if slices.ContainsFunc(l.ends, func(e end) bool { return s.routers[e.router].name == h.Router && e.intf == h.Interface }) {
				s.links[i].path = append(s.links[i].path, h.Words)
			}
		}
	}
}

// takes reports whether a path is over the link.
func (l link) takes() bool { return l.path != nil }

// words are those in the middle of a wire.
func (l link) words() string {
	return strings.Join(slices.DeleteFunc(append([]string{l.bgp}, l.path...), func(w string) bool { return w == "" }), ", ")
}

func newGroup(t *topology.Topology, v topology.VRF, labels []uint32, look look) group {
	g := group{vrf: v.Name, look: look, labels: numbers(labels)}
	g.facts = []string{"RD " + v.RD.String()}
	imports, exports := list(v.Import), list(v.Export)
	switch {
	case imports == exports && imports != "":
		g.facts = append(g.facts, "RT "+imports)
	default:
		if imports != "" {
			g.facts = append(g.facts, "import "+imports)
		}
		if exports != "" {
			g.facts = append(g.facts, "export "+exports)
		}
	}
	for _, h := range t.Hosts {
		for i, a := range h.Attachments {
			if a.Router == v.Router && a.VRF == v.Name {
				g.rows = append(g.rows, newAttachment(h, i))
			}
		}
	}
	for _, x := range t.Segments {
		for _, r := range x.Routers {
			if r.Router == v.Router && r.VRF == v.Name {
				g.rows = append(g.rows, attachment{segment: true, name: "segment " + x.Name, facts: texts(r.Gateways)})
			}
		}
	}
	return g
}

func newAttachment(h topology.Host, n int) attachment {
	a := h.Attachments[n]
	row := attachment{host: h.Name, name: h.Name}
	if len(h.Attachments) > 1 {
		row.name += ":" + a.Interface
	}
	row.facts = texts(a.Addresses)
	if h.Rewrites && n == 0 {
		row.facts = append(row.facts, "rewrites packets")
	}
	for _, p := range a.Prefixes() {
		row.facts = append(row.facts, p.String()+" slaac")
	}
	for _, p := range a.Advertises {
		row.facts = append(row.facts, "advertises "+p.String())
	}
	var behind []netip.Prefix
	if a.BGP != nil {
		row.facts = append(row.facts, fmt.Sprintf("BGP AS %d", a.BGP.AS))
		behind = append(behind, a.BGP.Networks...)
	}
	for _, s := range a.Statics {
		if !slices.Contains(behind, s.Prefix) {
			behind = append(behind, s.Prefix)
		}
	}
	if len(behind) > 0 {
		row.facts = append(row.facts, "behind it "+few(texts(behind)))
	}
	return row
}

// host is a host in pictures that show it only once.
type host struct {
	name     string
	facts    []string
	wires    []wire
	segments []int // indexes of those that it is on
}

// wire connects a host to a VRF of a router.
type wire struct {
	router int
	group  group
}

// hosts lists every host once, in the order of the routers.
func (s *scene) hosts() (out []host) {
	known := map[string]int{}
	find := func(row attachment) int {
		at, ok := known[row.host]
		if !ok {
			at = len(out)
			known[row.host] = at
			out = append(out, host{name: row.host})
		}
		out[at].facts = append(out[at].facts, row.facts...)
		return at
	}
	for i, r := range s.routers {
		for _, g := range r.groups {
			for _, row := range g.rows {
				if !row.segment {
					at := find(row)
					out[at].wires = append(out[at].wires, wire{i, g})
				}
			}
		}
	}
	for i, x := range s.segments {
		for _, row := range x.rows {
			at := find(row)
			out[at].segments = append(out[at].segments, i)
		}
	}
	return out
}

// look is that of the first wire of a host.
func (s *scene) lookOf(h host) look {
	if len(h.wires) > 0 {
		return h.wires[0].group.look
	}
	return s.segments[h.segments[0]].look
}

func newLink(t *topology.Topology, l topology.Link, index map[string]int) link {
	out := link{nic: l.NIC != ""}
	for _, e := range l.Ends {
		out.ends = append(out.ends, end{index[e.Router], e.Interface, texts(e.Addresses)})
	}
	switch {
	case out.nic:
		out.middle = append(out.middle, "NIC "+l.NIC)
		for _, s := range t.Sessions {
			if s.PeerRouter == "" && len(l.Ends) > 0 && s.Router == l.Ends[0].Router && s.Interface == l.Ends[0].Interface {
				out.middle = append(out.middle, fmt.Sprintf("%s AS %d", s.Peer(), s.PeerAS))
			}
		}
		var sites []string
		for _, o := range t.Outside {
			if len(l.Ends) > 0 && o.Router == l.Ends[0].Router && o.Interface == l.Ends[0].Interface {
				sites = append(sites, o.Name)
			}
		}
		if len(sites) > 0 {
			out.middle = append(out.middle, "behind it "+few(sites))
		}
	case len(l.Ends) != 2:
		out.middle = append(out.middle, "LAN")
		out.middle = append(out.middle, subnets(l)...)
	default:
		out.bgp = session(t, l)
	}
	return out
}

// session returns the kind of the BGP session on a wire, or "" if there is none. On one of
// VRFs, these say more.
func session(t *topology.Topology, l topology.Link) string {
	if l.InterAS == topology.OptionA {
		names := []string{l.Ends[0].VRF, l.Ends[1].VRF}
		return "VRF " + strings.Join(slices.Compact(names), ", ")
	}
	as := map[string]uint32{}
	for _, r := range t.Routers {
		as[r.Name] = r.AS
	}
	for _, s := range t.Sessions {
		if s.Router == l.Ends[0].Router && s.Interface == l.Ends[0].Interface && s.PeerRouter == l.Ends[1].Router {
			if s.PeerAS == as[s.Router] {
				return "iBGP"
			}
			return "eBGP"
		}
	}
	return ""
}

// subnets returns the subnets of a link.
func subnets(l topology.Link) (out []string) {
	for _, e := range l.Ends {
		for _, a := range e.Addresses {
			if s := a.Masked().String(); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func texts[T fmt.Stringer](items []T) []string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.String()
	}
	return out
}

func list[T fmt.Stringer](items []T) string { return strings.Join(texts(items), " ") }

// few names the first of many and counts the rest.
func few(words []string) string {
	const shown = 2
	if len(words) <= shown {
		return strings.Join(words, " ")
	}
	return fmt.Sprintf("%s +%d", words[0], len(words)-1)
}

// numbers formats sorted numbers, runs of them as 1000-1003; "" if there are none.
func numbers(n []uint32) string {
	var out []string
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		run := strconv.FormatUint(uint64(n[i]), 10)
		if j > i {
			run += "-" + strconv.FormatUint(uint64(n[j]), 10)
		}
		out = append(out, run)
		i = j + 1
	}
	return strings.Join(out, ",")
}

func (g group) title() string {
	if g.name != "" {
		return "segment " + g.name
	}
	return "VRF " + g.vrf
}

// details returns the facts and the labels.
func (g group) details() []string {
	if g.labels == "" {
		return g.facts
	}
	return append(slices.Clone(g.facts), "labels "+g.labels)
}
