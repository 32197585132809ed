package plan

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Change is what applying a plan does to one node of a running lab, or to the server
// on a segment.
type Change struct {
	What ChangeKind `json:"change"`
	Kind string     `json:"kind"` // of the node: router, host, or segment that the server is on
	Node string     `json:"node"`
}

// ChangeKind is what happens to a node.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// String describes a change, as in "added host h1".
func (c Change) String() string { return string(c.What) + " " + c.Kind + " " + c.Node }

// Diff lists what applying now changes in a lab whose plan is before: additions
// and changes in the order of now, then removals. Between plans of different
// formats, a node in both counts as unchanged.
func Diff(before, now *Plan) []Change {
	old, current := before.nodes(), now.nodes()
	comparable := before.Format == now.Format
	var out []Change
	for _, n := range current {
		i := slices.IndexFunc(old, n.is)
		switch {
		case i < 0:
			out = append(out, Change{Added, n.kind, n.name})
		case comparable && !sameJSON(old[i].plan, n.plan):
			out = append(out, Change{Changed, n.kind, n.name})
		}
	}
	for _, n := range old {
		if !slices.ContainsFunc(current, n.is) {
			out = append(out, Change{Removed, n.kind, n.name})
		}
	}
	return out
}

// Rewired lists what has other wires in another plan: hosts and ports of routers with a
// network stack of their own, and bridges of hosts' LANs.
func Rewired(before, now *Plan) (nodes, bridges []string) {
	routers := map[string]bool{"": true} // and the lab
	for _, r := range append(slices.Clone(before.Routers), now.Routers...) {
		routers[r.Name] = true
	}
	for name := range different(before.wiresByNode(), now.wiresByNode()) {
		if !routers[name] {
			nodes = append(nodes, name)
		}
	}
	for name := range different(before.bridges(), now.bridges()) {
		bridges = append(bridges, name)
	}
	return nodes, bridges
}

// different returns the keys with different values in two maps.
func different[T any](a, b map[string]T) map[string]bool {
	out := map[string]bool{}
	for key, v := range a {
		if w, both := b[key]; !both || !sameJSON(v, w) {
			out[key] = true
		}
	}
	for key := range b {
		if _, both := a[key]; !both {
			out[key] = true
		}
	}
	return out
}

// wiresByNode returns the wires of each node.
func (p *Plan) wiresByNode() map[string][]Wire {
	out := map[string][]Wire{}
	for _, w := range p.AllWires() {
		out[w.A.Node] = append(out[w.A.Node], w)
		out[w.B.Node] = append(out[w.B.Node], w)
	}
	return out
}

// bridges returns the LANs of hosts that have bridges.
func (p *Plan) bridges() map[string]Segment {
	out := map[string]Segment{}
	for _, s := range p.Segments {
		if s.OfHosts() {
			out[s.Name] = s
		}
	}
	return out
}

// Leftovers lists what an interrupted change to the plan cut may have done and
// applying now undoes. What it was going to remove is not listed: it either still
// exists or is missing from the lab like any other node.
func Leftovers(cut, now *Plan) []Change {
	return slices.DeleteFunc(Diff(cut, now), func(c Change) bool { return c.What == Added })
}

// SameCore reports whether two plans of a lab have the same routers, wires between them,
// segments of routers, NICs and places on the server.
func SameCore(a, b *Plan) bool {
	return sameJSON(a.core(), b.core())
}

func (p *Plan) core() any {
	type core struct {
		Routers  []string
		Wires    []Wire
		Segments []Segment
		NICs     []NIC
		Uplinks  []Uplink
	}
	c := core{NICs: p.NICs, Uplinks: p.Uplinks}
	for _, r := range p.Routers {
		c.Routers = append(c.Routers, r.Name+" "+r.Namespace)
	}
	for _, w := range p.Wires {
		if !p.ToHost(w) {
			c.Wires = append(c.Wires, w)
		}
	}
	for _, s := range p.Segments {
		if !s.OfHosts() {
			c.Segments = append(c.Segments, s)
		}
	}
	return c
}

// node is a router or a host of a plan.
type node struct {
	kind, name string
	plan       any
}

func (n node) is(other node) bool { return n.kind == other.kind && n.name == other.name }

func (p *Plan) nodes() []node {
	var out []node
	for _, r := range p.Routers {
		nics := slices.DeleteFunc(slices.Clone(p.NICs), func(n NIC) bool { return n.Router != r.Name })
		out = append(out, node{"router", r.Name, struct {
			Router
			NICs []NIC
		}{r, nics}})
	}
	for _, h := range p.Hosts {
		out = append(out, node{"host", h.Name, h})
	}
	for _, u := range p.Uplinks {
		out = append(out, node{"segment", u.Segment, u})
	}
	return out
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
