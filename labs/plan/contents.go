package plan

import (
	"maps"
	"slices"

	"pseudowan/hosts"
)

// Marks returns the marks of all namespaces of the plan, by name. Only the
// runtimes know which hosts are namespaces; every host has a name for one.
func (p *Plan) Marks() map[string]hosts.Mark {
	marks := map[string]hosts.Mark{p.Namespace: {Lab: p.Lab, Kind: hosts.KindLab}}
	for _, r := range p.Routers {
		marks[r.Namespace] = hosts.Mark{Lab: p.Lab, Node: r.Name, Kind: hosts.KindRouter}
		for _, name := range r.PortNamespaces() {
			marks[name] = hosts.Mark{Lab: p.Lab, Node: r.Name, Kind: hosts.KindPort}
		}
	}
	for _, h := range p.Hosts {
		marks[h.Namespace] = hosts.Mark{Lab: p.Lab, Node: h.Name, Kind: hosts.KindHost}
	}
	return marks
}

// NamespaceNames lists the names of Marks, sorted.
func (p *Plan) NamespaceNames() []string { return slices.Sorted(maps.Keys(p.Marks())) }

// ToHost reports whether a wire leads to a host, and not between routers.
func (p *Plan) ToHost(w Wire) bool {
	return !slices.ContainsFunc(p.Routers, func(r Router) bool { return r.Name == w.B.Node })
}

// AllWires returns the wires of the plan, including those of segments.
func (p *Plan) AllWires() []Wire {
	all := slices.Clone(p.Wires)
	for _, s := range p.Segments {
		all = append(all, s.Wires...)
	}
	return all
}

// PortNamespaces lists the namespaces of those ports of a router that have their
// own network stack.
func (r Router) PortNamespaces() []string {
	var out []string
	for _, a := range r.Config.Access {
		if a.CE != nil {
			out = append(out, a.CE.Namespace)
		}
	}
	for _, o := range r.Config.Outlets {
		out = append(out, o.Namespace)
	}
	return out
}

// Expected counts what the routers report as missing until it appears.
func (p *Plan) Expected() (n int) {
	for _, r := range p.Routers {
		n += len(r.Config.Core) + len(r.Config.Expect)
		for _, a := range r.Config.Access {
			n += len(a.Expect) + a.CE.AwaitedSessions()
		}
		for _, s := range r.Config.Sessions {
			if s.Awaited() {
				n++
			}
		}
	}
	return max(n, 1)
}
