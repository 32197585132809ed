package trace

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// origin is a route that a VRF of the lab has from one of its own hosts.
type origin struct {
	topology.Origin
	prefix   netip.Prefix
	source   status.RouteSource
	exported bool // the topology redistributes it
	instance topology.VRF
	neighbor netip.Addr // must answer, or there is no route; zero if none
}

// origins lists the routes that come from hosts of the lab, in the order of the
// topology.
func origins(t *topology.Topology) []origin {
	instances := make(map[[2]string]topology.VRF)
	for _, v := range t.VRFs {
		instances[[2]string{v.Router, v.Name}] = v
	}
	var out []origin
	for _, a := range t.AtAllRouters() {
		v := instances[[2]string{a.Router, a.VRF}]
		o := origin{Origin: topology.Origin{Router: a.Router, VRF: a.VRF, RD: v.RD, Host: a.Host}, instance: v}
		out = append(out, connectedOrigins(o, a)...)
		for _, s := range a.Statics {
			o.prefix, o.source, o.exported, o.neighbor = s.Prefix, status.SourceStatic, v.RedistributeStatic, s.NextHop
			out = append(out, o)
		}
	}
	for _, r := range t.Intent().Routes {
		v := instances[[2]string{r.Router, r.VRF}]
		if r.Source == topology.SourceBGP && r.Origin.Router == r.Router && r.Origin.VRF == r.VRF {
			out = append(out, origin{Origin: r.Origin, prefix: r.Prefix, source: status.SourceBGP, exported: true, instance: v})
		}
	}
	return out
}

func connectedOrigins(o origin, a topology.HostAttachment) []origin {
	var out []origin
	o.source = status.SourceConnected
	for _, g := range a.Connected() {
		o.prefix = g.Masked()
		o.exported = len(o.instance.RedistributeConnected.Prefixes(nil, []netip.Prefix{g})) > 0
		out = append(out, o)
	}
	for _, p := range o.instance.RedistributeConnected.Prefixes(a.Addresses, nil) {
		o.prefix, o.exported, o.neighbor = p, true, p.Addr()
		out = append(out, o)
	}
	return out
}

// originsOf returns the routes to exactly a prefix or, if there are none, those to
// prefixes that contain it, the longest first.
func originsOf(t *topology.Topology, prefix netip.Prefix) []origin {
	var exact, covering []origin
	for _, o := range origins(t) {
		switch {
		case o.prefix == prefix:
			exact = append(exact, o)
		case o.prefix.Bits() < prefix.Bits() && o.prefix.Contains(prefix.Addr()):
			covering = append(covering, o)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	slices.SortStableFunc(covering, func(a, b origin) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	return covering
}

// announced returns why the origin's own VRF does not have the route; "" if it does.
func (s *Snapshot) announced(o origin) (why, remedy string) {
	v, ok := s.vrf(o.Router, o.VRF)
	if !ok {
		return "router " + o.Router + " has no VRF " + o.VRF, "run `pseudowan up` with the topology file"
	}
	if !o.exported {
		return "not redistributed: VRF " + o.VRF + " of " + o.Router + " does not announce this " + string(o.source) + " route",
			redistributeRemedy(o)
	}
	if slices.ContainsFunc(v.Routes, func(r status.Route) bool { return r.Prefix == o.prefix && r.Source == o.source }) {
		return "", ""
	}
	if why, remedy := s.portDown(o); why != "" {
		return why, remedy
	}
	if o.neighbor.IsValid() {
		if _, up := s.neighbor(o.Router, o.VRF, o.neighbor); !up {
			return s.silent(o.neighbor, o.Host) + ", so router " + o.Router + " does not announce " + o.prefix.String(),
				s.silentRemedy(o.neighbor, o.Host)
		}
	}
	return "VRF " + o.VRF + " of " + o.Router + " does not have the route itself", "pseudowan explain " + o.Router + " " + o.VRF + " " + o.prefix.String()
}

// portDown returns why the port to the origin's host is not up; "" if it is.
func (s *Snapshot) portDown(o origin) (why, remedy string) {
	for _, i := range s.ports(o.Router, o.VRF) {
		if !s.leads(i, o.Host) || i.Oper == status.InterfaceUp {
			continue
		}
		why = "the port " + i.Name + " of " + o.Router + " to " + s.named(o.Host) + " " + down(i)
		switch {
		case i.Admin == status.InterfaceAbsent:
			return why, "run `pseudowan up` with the topology file"
		case i.Tracked():
			return why, trackedRemedy(o.Router)
		case i.Admin == status.InterfaceDown:
			return why, "pseudowan exec " + o.Router + " -- ip link set " + i.Name + " up"
		}
		return why, "bring the interface at its other end up"
	}
	return "", ""
}

// trackedRemedy says what brings the ports of a router back that is cut off from the core.
func trackedRemedy(router string) string {
	return "pseudowan show core --router " + router + " says which links of the core are lost"
}

func redistributeRemedy(o origin) string {
	switch {
	case o.source == status.SourceStatic:
		return "redistribute: {static: true} in the VRF"
	case o.instance.RedistributeConnected == topology.RedistributeHosts:
		return "only single hosts are announced (redistribute: {connected: hosts}); {connected: subnets} announces " + o.prefix.String()
	}
	return "redistribute: {connected: subnets} in the VRF"
}

// common returns the route targets in both lists.
func common(a, b []string) []string {
	var out []string
	for _, t := range a {
		if slices.Contains(b, t) {
			out = append(out, t)
		}
	}
	return out
}

func listed(targets []string) string {
	if len(targets) == 0 {
		return "nothing"
	}
	return strings.Join(targets, ", ")
}
