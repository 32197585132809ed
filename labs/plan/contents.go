package plan

import (
	"maps"
	"slices"

	"pseudowan/hosts"
)

// Marks are those of all namespaces that the plan makes, by name. Which hosts are
// namespaces is known to their runtimes alone: all have a name for one.
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

// ToHost reports whether a wire ends at a host and not at two routers.
func (p *Plan) ToHost(w Wire) bool {
	return !slices.ContainsFunc(p.Routers, func(r Router) bool { return r.Name == w.B.Node })
}

// AllWires are the wires of the plan, those of segments among them.
func (p *Plan) AllWires() []Wire {
	all := slices.Clone(p.Wires)
	for _, s := range p.Segments {
		all = append(all, s.Wires...)
	}
	return all
}

// PortNamespaces names the namespaces of a router's ports that have a network
// stack of their own.
func (r Router) PortNamespaces() []string {
	var out []string
	for _, a := range r.Config.Access {
		if a.CE != nil {
			out = append(out, a.CE.Namespace)
		}
	}
	return out
}

// Expected counts what the routers will report as missing until it is there.
func (p *Plan) Expected() (n int) {
	for _, r := range p.Routers {
		n += len(r.Config.Core) + len(r.Config.Expect)
		for _, a := range r.Config.Access {
			n += len(a.Expect) + a.CE.AwaitedSessions()
		}
		for _, s := range r.Config.Sessions {
			if s.PeerRouter != "" {
				n++
			}
		}
	}
	return max(n, 1)
}
