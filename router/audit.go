package router

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
	"pseudowan/status"
)

// Audit compares the router's tables with its flows, and these with those of the switch.
// It changes nothing. An agent of an older version cannot.
func (c *Client) Audit(ctx context.Context) ([]status.Deviation, error) {
	return get[[]status.Deviation](ctx, c, "audit")
}

// audit compares the VRF tables with the wanted flows, these with the switch's, and the
// wanted ports with the bridge's.
func (a *agent) audit(ctx context.Context) ([]status.Deviation, error) {
	var n names
	wanted, err := inLoop(ctx, a.loop, func() []pipeline.Flow {
		n = a.loop.flowNames()
		var all []pipeline.Flow
		for _, f := range a.loop.fib.Flows() {
			all = append(all, f)
		}
		return all
	})
	if err != nil {
		return nil, err
	}
	differences, err := a.sw.Compare(ctx, wanted)
	if err != nil {
		return nil, err
	}
	ports, err := a.sw.PortFaults(ctx)
	if err != nil {
		return nil, err
	}
	all, err := inLoop(ctx, a.loop, a.loop.withoutFlows)
	for _, d := range differences {
		all = append(all, n.deviation(d))
	}
	for _, p := range ports {
		all = append(all, status.Deviation{Check: status.CheckPort, Object: p.Name, Detail: p.Detail})
	}
	if a.recovers.Load() {
		all = append(all, status.Deviation{Check: status.CheckProcess, Object: "agent", Detail: "has taken over the switch of a killed one, and does not know all routes yet"})
	}
	for i := range all {
		all[i].Node = a.name
	}
	return all, err
}

// withoutFlows lists the best routes of VRFs that have no flow.
func (l *loop) withoutFlows() []status.Deviation {
	all := []status.Deviation{}
	for key := range l.vrfs.AllBest() {
		best := l.vrfs.Best(key)
		if _, ok := l.fib.Route(key); ok || best == nil {
			continue
		}
		why := "and its next hop is known"
		if best.Remote() && !l.links.Usable(best.Route.NextHop) {
			why = "because its next hop " + best.Route.NextHop.String() + " is on no link"
		}
		all = append(all, status.Deviation{Check: status.CheckVRF, Object: l.routeName(key), Detail: "the best route has no flow, " + why})
	}
	return all
}

func (l *loop) routeName(key fib.Key) string {
	name := fmt.Sprintf("number %d", key.VRF)
	if v := l.vrfs.ByID(key.VRF); v != nil {
		name = v.Name
	}
	return "VRF " + name + " " + key.Prefix.String()
}

// names are what numbers in flows stand for.
type names struct {
	routes      map[pipeline.Cookie]string
	vrfs, ports map[uint32]string
	adjacencies map[uint32]string
}

func (l *loop) flowNames() names {
	n := names{routes: map[pipeline.Cookie]string{}, vrfs: map[uint32]string{}, ports: maps.Clone(portNames(l.cfg)), adjacencies: map[uint32]string{}}
	for key := range l.fib.Routes() {
		c, _ := l.fib.Route(key)
		n.routes[c] = l.routeName(key)
	}
	for _, v := range l.vrfs.VRFs() {
		n.vrfs[v.ID] = v.Name
	}
	for hop, number := range l.fib.Numbers() {
		if hop.LSP {
			n.adjacencies[number] = "label-switched path to " + hop.Addr.String()
			continue
		}
		n.adjacencies[number] = fmt.Sprintf("adjacency %s on %s", hop.Addr, cmp.Or(n.ports[hop.Port], strconv.Itoa(int(hop.Port))))
	}
	return n
}

// deviation describes a flow that is not in the switch as it should be.
func (n names) deviation(d ovs.Difference) status.Deviation {
	out := status.Deviation{Check: status.CheckFlow}
	if d.Wants == "" {
		out.Object, out.Detail = n.foreign(d)
		return out
	}
	out.Object, out.Detail = n.object(d.Cookie), "has no flow in the switch"
	if out.Object == "" {
		out.Object = fmt.Sprintf("table %d %s", d.Table, d.Match)
	}
	switch {
	case d.Has != "":
		out.Detail = fmt.Sprintf("the flow (table %d, %s) was changed: it has the actions %s instead of %s", d.Table, d.Match, d.Has, d.Wants)
	case d.Cookie.Kind() != pipeline.KindRoute && d.Cookie.Kind() != pipeline.KindInLabel:
		out.Detail = fmt.Sprintf("a flow is missing in the switch (table %d, %s)", d.Table, d.Match)
	}
	return out
}

// object returns what a wanted flow belongs to.
func (n names) object(c pipeline.Cookie) string {
	id := uint32(c.ID())
	switch c.Kind() {
	case pipeline.KindRoute:
		return n.routes[c]
	case pipeline.KindInLabel, pipeline.KindTransit:
		return fmt.Sprintf("label %d", id)
	case pipeline.KindAdjacency:
		return n.adjacencies[id]
	case pipeline.KindVRF:
		return "VRF " + n.vrfs[id]
	case pipeline.KindCorePort, pipeline.KindAccessPort, pipeline.KindCustomerBGP, pipeline.KindOutlet:
		return "port " + n.ports[id]
	}
	return ""
}

// foreign describes a flow that only the switch has.
func (n names) foreign(d ovs.Difference) (object, detail string) {
	flow := fmt.Sprintf("(table %d, %s: %s)", d.Table, d.Match, d.Has)
	terms := map[string]string{}
	for term := range strings.SplitSeq(d.Match, ",") {
		name, value, _ := strings.Cut(term, "=")
		terms[name] = value
	}
	if label := terms["mpls_label"]; label != "" && d.Table == pipeline.TableLabel {
		return "label " + label, "stale: the switch has a flow for a label that the router has not assigned " + flow
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(terms["metadata"], "0x"), 16, 32)
	if vrf, ok := n.vrfs[uint32(number)]; err == nil && ok {
		object = "VRF " + vrf
		if to, ok := destinationOf(terms); ok && d.Table == pipeline.TableRoute {
			return object + " " + to.String(), "orphan: the switch has a flow for a route that the VRF does not have " + flow
		}
		return object, "orphan: the switch has a flow that is not the router's " + flow
	}
	if port, err := strconv.ParseUint(terms["in_port"], 10, 32); err == nil && n.ports[uint32(port)] != "" {
		object = "port " + n.ports[uint32(port)]
	}
	return cmp.Or(object, fmt.Sprintf("table %d", d.Table)), "orphan: the switch has a flow that is not the router's " + flow
}

// destinationOf returns the destination that a flow matches.
func destinationOf(terms map[string]string) (netip.Prefix, bool) {
	for _, name := range []string{"nw_dst", "ipv6_dst"} {
		text, ok := terms[name]
		if !ok {
			continue
		}
		if a, err := netip.ParseAddr(text); err == nil {
			return netip.PrefixFrom(a, a.BitLen()), true
		}
		p, err := netip.ParsePrefix(text)
		return p, err == nil
	}
	families := []string{"0.0.0.0/0", "::/0"}
	if i := slices.IndexFunc([]string{"ip", "ipv6"}, func(f string) bool { _, ok := terms[f]; return ok }); i >= 0 {
		return netip.MustParsePrefix(families[i]), true
	}
	return netip.Prefix{}, false
}
