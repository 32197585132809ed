package look

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/capture"
	"pseudowan/labs/plan"
	"pseudowan/status"
)

// captureNames reads what labels and addresses stand for.
func (l *Lab) captureNames(ctx context.Context) capture.Names {
	n := capture.Names{
		Bindings: map[string]map[uint32]capture.Binding{}, Routers: map[string]string{},
		Hosts: map[string]map[netip.Addr]string{}, RDs: map[string][]string{},
	}
	has := func(vrf string, a netip.Addr, who string) {
		if n.Hosts[vrf] == nil {
			n.Hosts[vrf] = map[netip.Addr]string{}
		}
		n.Hosts[vrf][a] = who
	}
	interfaces, _ := l.Interfaces(ctx, Filter{}) // of the routers that answer
	for _, i := range interfaces {
		if i.VRF == "" {
			n.Routers[i.MAC] = i.Router
		}
		for _, a := range i.Addresses {
			has(i.VRF, a.Addr(), i.Router)
		}
	}
	rows, _ := l.MPLS(ctx, Filter{})
	for _, r := range rows {
		if r.Direction != status.DirectionIn {
			continue
		}
		if n.Bindings[r.Router] == nil {
			n.Bindings[r.Router] = map[uint32]capture.Binding{}
		}
		b := capture.Binding{Router: r.Router, VRF: r.VRF, RD: r.RD, Prefix: r.Prefix}
		if before, ok := n.Bindings[r.Router][r.Label]; ok && before.Prefix != b.Prefix {
			b.Prefix = netip.Prefix{} // the label serves several
		}
		n.Bindings[r.Router][r.Label] = b
	}
	if l.applied == nil {
		return n
	}
	for _, v := range l.applied.VRFs {
		n.RDs[v.RD.String()] = append(n.RDs[v.RD.String()], v.Name)
	}
	for _, h := range l.applied.Hosts {
		for _, a := range l.applied.AtRouters(h) {
			for _, p := range plan.HostAddresses(l.Name, h.Name, a) {
				has(a.VRF, p.Addr(), h.Name)
			}
			for _, p := range h.LANs {
				has(a.VRF, p.Addr(), h.Name)
			}
		}
	}
	return n
}

// capturePoints returns where to capture.
func capturePoints(p *plan.Plan, o CaptureOptions) (points []capture.Point, err error) {
	all := pointsOf(p)
	add := func(node, iface string) {
		i := slices.IndexFunc(all, func(x capture.Point) bool { return x.Node == node && x.Interface == iface })
		if i >= 0 && !slices.Contains(points, all[i]) {
			points = append(points, all[i])
		}
	}
	for _, name := range o.Points {
		node, iface, isEnd := strings.Cut(name, ":")
		isNode := slices.ContainsFunc(all, func(x capture.Point) bool { return x.Node == name })
		switch {
		case isNode:
			for _, x := range all {
				if x.Node == name {
					add(x.Node, x.Interface)
				}
			}
		case isEnd && slices.ContainsFunc(all, func(x capture.Point) bool { return x.Node == node && x.Interface == iface }):
			add(node, iface)
		default:
			cables, err := p.Cables(name)
			if err != nil && !isEnd && slices.ContainsFunc(p.Hosts, func(h plan.Host) bool { return h.Name == name }) {
				return nil, status.NotFound(fmt.Sprintf("host %s has no interfaces on links", name))
			}
			if err != nil {
				return nil, status.NotFound(err.Error())
			}
			for _, c := range cables {
				for _, e := range c.Ends {
					add(e.Node, e.Interface)
				}
			}
		}
	}
	unseen := func(x capture.Point) bool { return p.ByXDP(x.Node, x.Interface) }
	if i := slices.IndexFunc(points, unseen); i >= 0 {
		return nil, fmt.Errorf("%s is a port of type afxdp, whose packets pass the kernel unseen; capture at the routers' other ports or at hosts, or remove port-type from the link", points[i])
	}
	if len(o.Points) == 0 {
		points = slices.DeleteFunc(routerPoints(p, all, o.Filter.VRF), unseen)
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("lab %s %w", p.Lab, errNoPoint)
	}
	return points, nil
}

var errNoPoint = errors.New("has no interface to capture at")

// linkTo says what is at one end of a wire.
func linkTo(other string) string { return "link to " + other }

// routerPoints returns one end of each wire between routers, the routers' ports on LANs,
// and their ports in a VRF, or in all VRFs.
func routerPoints(p *plan.Plan, all []capture.Point, vrf string) (points []capture.Point) {
	routers := map[string]bool{}
	for _, r := range p.Routers {
		routers[r.Name] = true
	}
	far := map[string]bool{} // the other ends of wires
	for _, w := range p.Wires {
		if routers[w.A.Node] && routers[w.B.Node] {
			far[w.B.Node+":"+w.B.Interface] = true
		}
	}
	name := vrf
	for _, r := range p.Routers {
		for _, v := range r.Config.VRFs {
			if v.RD.String() == vrf {
				name = v.Name
			}
		}
	}
	for _, x := range all {
		if routers[x.Node] && !far[x.String()] && (vrf == "" || x.VRF == "" || x.VRF == name) {
			points = append(points, x)
		}
	}
	return points
}

// pointsOf lists all interfaces of nodes on links, in the order of the plan.
func pointsOf(p *plan.Plan) (points []capture.Point) {
	vrfs, who := map[string]string{}, map[string]string{}
	for _, r := range p.Routers {
		for _, a := range r.Config.Access {
			vrfs[r.Name+":"+a.Name], who[r.Name+":"+a.Name] = a.VRF, a.Host
		}
	}
	add := func(e plan.End, other string) {
		x := capture.Point{Node: e.Node, Interface: e.Interface}
		x.VRF = cmp.Or(vrfs[x.String()], vrfs[other])
		about := []string{linkTo(other)}
		if x.VRF != "" {
			about = append(about, "VRF "+x.VRF)
		}
		if h := who[x.String()]; h != "" {
			about = append(about, "host "+h)
		}
		x.About = strings.Join(about, ", ")
		points = append(points, x)
	}
	for _, w := range p.Wires {
		add(w.A, w.B.Node+":"+w.B.Interface)
		add(w.B, w.A.Node+":"+w.A.Interface)
	}
	for _, s := range p.Segments {
		other := "segment " + cmp.Or(s.Of, s.Name)
		if s.Tunnel != nil && s.Tunnel.Far != "" {
			other = s.Tunnel.Far
		}
		for _, w := range s.Wires {
			add(w.B, other)
		}
	}
	for _, n := range p.NICs {
		add(plan.End{Node: n.Router, Interface: n.Interface}, "the server's NIC "+n.NIC)
	}
	return slices.DeleteFunc(points, func(x capture.Point) bool { return x.Node == "" })
}
