package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pseudowan/router/config"
)

// Cable is what can be cut or impaired: a wire, the port of a bridge with its wire,
// or a NIC of the server.
type Cable struct {
	Ends   []End // of nodes: what it connects
	Down   End   // the interface that is set down to cut it; Node is "" for a port of a bridge
	Impair []End // the interfaces that send into it
}

// Is reports whether a cable is the same as another.
func (c Cable) Is(other Cable) bool { return c.Down.Alias == other.Down.Alias }

// String names the ends of a cable.
func (c Cable) String() string {
	var names []string
	for _, e := range c.Ends {
		names = append(names, e.Node+":"+e.Interface)
	}
	return strings.Join(names, " -- ")
}

// Cables returns those that a name stands for: NODE:INTERFACE for the cable there, or
// the name of a segment for all of it.
func (p *Plan) Cables(name string) ([]Cable, error) {
	node, i, isEnd := strings.Cut(name, ":")
	var out []Cable
	switch {
	case name == "":
	case isEnd:
		out = p.cableAt(node, i)
	default:
		out = p.cablesOf(name)
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, errors.New(p.noCable(name, isEnd))
}

// ByXDP reports whether the port at an end of a wire receives and sends by AF_XDP: nobody
// else sees the packets, and they pass no queue.
func (p *Plan) ByXDP(node, iface string) bool {
	return slices.ContainsFunc(p.Routers, func(r Router) bool {
		return r.Name == node && slices.ContainsFunc(r.Config.Core, func(c config.Core) bool { return c.Name == iface && c.XDP })
	})
}

// cableAt returns the cable at an interface of a node.
func (p *Plan) cableAt(node, i string) []Cable {
	is := func(e End) bool { return e.Node == node && e.Interface == i }
	for _, w := range p.Wires {
		switch {
		case is(w.A):
			return []Cable{p.between(w.A, w.B)}
		case is(w.B):
			return []Cable{p.between(w.B, w.A)}
		}
	}
	for _, s := range p.Segments {
		for _, w := range s.Wires {
			if is(w.B) {
				return []Cable{{Ends: []End{w.B}, Down: w.A, Impair: []End{w.A, w.B}}}
			}
		}
	}
	for _, n := range p.NICs {
		if n.Router == node && n.Interface == i {
			e := End{Node: node, Interface: i, Alias: node + ":" + i}
			return []Cable{{Ends: []End{e}, Down: e}}
		}
	}
	return nil
}

// between returns the cable of a wire whose near end was named. A host loses the
// addresses of an interface that is set down, so the other end is, if that is a
// router's.
func (p *Plan) between(near, far End) Cable {
	c := Cable{Ends: []End{near, far}, Down: near, Impair: []End{near, far}}
	if p.isHost(near.Node) && !p.isHost(far.Node) {
		c.Down = far
	}
	return c
}

func (p *Plan) isHost(node string) bool {
	return slices.ContainsFunc(p.Hosts, func(h Host) bool { return h.Name == node })
}

// cablesOf returns the cables of a segment. On a bridge each is impaired only where
// it leaves, so that no packet suffers twice.
func (p *Plan) cablesOf(segment string) (out []Cable) {
	for _, s := range p.Segments {
		if s.Of != segment || s.Of == "" {
			continue
		}
		for _, w := range s.Wires {
			out = append(out, Cable{Ends: []End{w.B}, Down: w.A, Impair: []End{w.A}})
		}
		return out
	}
	for _, h := range p.Hosts {
		for _, i := range h.Interfaces {
			if i.Segment == segment {
				return p.cableAt(h.Name, i.Name)
			}
		}
	}
	return nil
}

// HasCable reports whether the plan has a cable that was found in an earlier one, between
// the same interfaces.
func (p *Plan) HasCable(c Cable) bool {
	for _, n := range p.NICs {
		if c.Down.Node == n.Router && c.Down.Interface == n.Interface {
			return true
		}
	}
	return slices.ContainsFunc(p.AllWires(), func(w Wire) bool {
		at := func(e End) bool {
			return e.Node == w.A.Node && e.Interface == w.A.Interface || e.Node == w.B.Node && e.Interface == w.B.Interface
		}
		return at(c.Down) && !slices.ContainsFunc(c.Ends, func(e End) bool { return !at(e) })
	})
}

// CableNames lists all names of cables.
func (p *Plan) CableNames() []string {
	var out []string
	add := func(e End) {
		if e.Node != "" && !slices.Contains(out, e.Node+":"+e.Interface) {
			out = append(out, e.Node+":"+e.Interface)
		}
	}
	for _, w := range p.Wires {
		add(w.A)
		add(w.B)
	}
	for _, s := range p.Segments {
		for _, w := range s.Wires {
			add(w.B)
		}
		if s.Of != "" {
			out = append(out, s.Of)
		}
	}
	for _, n := range p.NICs {
		add(End{Node: n.Router, Interface: n.Interface})
	}
	for _, h := range p.Hosts {
		for _, i := range h.Interfaces {
			if i.Segment != "" && !slices.Contains(out, i.Segment) {
				out = append(out, i.Segment)
			}
		}
	}
	return out
}

// noCable says that there is no cable of a name, and what there is.
func (p *Plan) noCable(name string, isEnd bool) string {
	node, _, _ := strings.Cut(name, ":")
	var same []string
	for _, n := range p.CableNames() {
		if other, _, _ := strings.Cut(n, ":"); isEnd && other == node || !isEnd && strings.HasPrefix(n, name+":") {
			same = append(same, n)
		}
	}
	switch {
	case len(same) > 0:
		return fmt.Sprintf("lab %s has no link %s; %s has %s", p.Lab, name, node, strings.Join(same, ", "))
	case isEnd:
		return fmt.Sprintf("lab %s has no link %s: no node is named %s", p.Lab, name, node)
	}
	return fmt.Sprintf("lab %s has no segment %s; write a segment, or a link by one of its ends, as pe1:eth1", p.Lab, name)
}
