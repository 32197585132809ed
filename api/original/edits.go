package original

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// speaker compares: a router of a lab speaks BGP from the beginning.
func speaker(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	for _, r := range t.Routers {
		if r.Name != router {
			continue
		}
		for _, c := range []struct{ key, is string }{
			{"as_number", fmt.Sprint(r.AS)}, {"router_id", r.ID.String()},
			{"label_range_start", fmt.Sprint(r.Labels.First)}, {"label_range_end", fmt.Sprint(r.Labels.Last)},
		} {
			if f[c.key] != c.is && f[c.key] != "" {
				return nil, conflictf("%s of router %s is %s, not %s: edit routers: in the file, and `pseudowan up` it", c.key, router, c.is, f[c.key])
			}
		}
	}
	return nil, nil
}

// vrfName is the name that a VRF gets, for which the original has only an RD.
func vrfName(rd string) string { return "rd-" + strings.ReplaceAll(rd, ":", "-") }

// addVRF adds a VRF, or its instance on another router. As in the original, it announces
// connected networks only once it is told to.
func addVRF(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	rd := f["route_dist"]
	if v := vrfWith(t, router, rd); v != nil {
		return nil, same(v, f)
	}
	name, on := vrfName(rd), []any{}
	for _, v := range t.VRFs {
		if v.Name != name {
			continue
		}
		if err := same(&v, f); err != nil {
			return nil, err
		}
		on = append(on, v.Router)
	}
	if len(on) > 0 {
		return []edit.Edit{{Op: edit.VRFSet, Name: name, Settings: map[string]any{"on": append(on, router)}}}, nil
	}
	return []edit.Edit{{Op: edit.VRFAdd, Name: name, Settings: map[string]any{
		"rd": rd, "import": f["import"], "export": f["export"], "on": router,
		"redistribute": map[string]any{"connected": string(topology.RedistributeNone)},
	}}}, nil
}

// same refuses other route targets than those that a VRF has.
func same(v *topology.VRF, f fields) error {
	if fmt.Sprint(v.Import) == "["+f["import"]+"]" && fmt.Sprint(v.Export) == "["+f["export"]+"]" {
		return nil
	}
	return conflictf("VRF %s of router %s has the route distinguisher %s already, and imports %v and exports %v; delete it first", v.Name, v.Router, v.RD, v.Import, v.Export)
}

// portHost is the name of the host that is made behind a port.
func portHost(router string, port uint64) string { return fmt.Sprintf("%s-port%d", router, port) }

// ofPort reports whether a host was made behind a port of a router.
func ofPort(name, router string) bool {
	n, ok := strings.CutPrefix(name, router+"-port")
	_, err := strconv.ParseUint(n, 10, 16)
	return ok && err == nil
}

// delVRF removes a VRF from a router with the hosts that POST interface has made in it:
// the original has nothing to remove them with.
func delVRF(t *topology.Topology, router string, f fields) (edits []edit.Edit, err error) {
	v, err := needVRF(t, router, f["route_dist"])
	if err != nil {
		return nil, err
	}
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			switch {
			case a.Router != router || a.VRF != v.Name:
			case !ofPort(h.Name, router) || len(h.Attachments) > 1:
				return nil, conflictf("host %s is in VRF %s, and was not made by POST interface; `pseudowan host del %s` removes it", h.Name, v.Name, h.Name)
			default:
				edits = append(edits, edit.Edit{Op: edit.HostDel, Name: h.Name})
			}
		}
	}
	on := []any{}
	for _, other := range t.VRFs {
		if other.Name == v.Name && other.Router != router {
			on = append(on, other.Router)
		}
	}
	if len(on) > 0 {
		return append(edits, edit.Edit{Op: edit.VRFSet, Name: v.Name, Settings: map[string]any{"on": on}}), nil
	}
	return append(edits, edit.Edit{Op: edit.VRFDel, Name: v.Name}), nil
}

// addRoute adds a static route of a VRF, in the place of one with another next hop.
func addRoute(t *topology.Topology, router string, f fields) (edits []edit.Edit, err error) {
	v, p, err := f.route(t, router)
	if err != nil {
		return nil, err
	}
	hop, err := f.address("nexthop")
	if err != nil {
		return nil, err
	}
	for _, s := range statics(t, v) {
		switch {
		case s.Prefix == p && s.NextHop == hop:
			return nil, nil
		case s.Prefix == p:
			edits = append(edits, edit.Edit{Op: edit.RouteDel, Name: v.Name, Prefix: p, NextHop: s.NextHop, Router: router})
		}
	}
	return append(edits, edit.Edit{Op: edit.RouteAdd, Name: v.Name, Prefix: p, NextHop: hop, Router: router}), nil
}

func delRoute(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	v, p, err := f.route(t, router)
	if err != nil {
		return nil, err
	}
	return []edit.Edit{{Op: edit.RouteDel, Name: v.Name, Prefix: p, Router: router}}, nil
}

// statics are the static routes of a VRF.
func statics(t *topology.Topology, v *topology.VRF) (all []topology.Static) {
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			if a.Router == v.Router && a.VRF == v.Name {
				all = append(all, a.Statics...)
			}
		}
	}
	return all
}

func gateway(_ *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	return nil, conflictf("router %s forwards in VRFs alone: POST route with the destination 0.0.0.0, the netmask 0.0.0.0 and the nexthop %s gives a VRF a default route", router, f["ipaddress"])
}

func redistribute(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	connected, ok := map[string]topology.Redistribute{"ON": topology.RedistributeHosts, "OFF": topology.RedistributeNone}[f["redistribute"]]
	if !ok {
		return nil, badf("redistribute %q is neither ON nor OFF", f["redistribute"])
	}
	v, err := f.inVRF(t, router)
	if err != nil || v.RedistributeConnected == connected {
		return nil, err
	}
	set := map[string]any{"connected": string(connected)}
	if !v.RedistributeStatic {
		set["static"] = false
	}
	return []edit.Edit{{Op: edit.VRFSet, Name: v.Name, Settings: map[string]any{"redistribute": set}}}, nil
}

// attachment puts a host behind a port of a VRF, which takes the next free number. The
// other kind of ports, those with a BGP session, are links.
func attachment(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	own, err := f.address("ipaddress")
	if err != nil {
		return nil, err
	}
	opposite, err := f.address("opposite_ipaddress")
	if err != nil {
		return nil, err
	}
	if f["vrf_routeDist"] == "" {
		return link(t, router, own, opposite, f)
	}
	v, err := needVRF(t, router, f["vrf_routeDist"])
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(f["port"], 10, 16)
	if err != nil || port == 0 {
		return nil, badf("port %q is not the number of a port", f["port"])
	}
	bits, err := f.length("netmask")
	if err != nil {
		return nil, err
	}
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			if a.Router != router || a.VRF != v.Name || !slices.Contains(a.Gateways, netip.PrefixFrom(own, bits)) {
				continue
			}
			if !slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == opposite }) {
				return nil, conflictf("%s is the address of router %s towards host %s, which does not have %s", own, router, h.Name, opposite)
			}
			return nil, nil
		}
	}
	return []edit.Edit{{Op: edit.HostAdd, Name: portHost(router, port), Settings: map[string]any{
		"to": router, "vrf": v.Name, "addresses": netip.PrefixFrom(opposite, bits).String(), "gateway": own.String(),
	}}}, nil
}
