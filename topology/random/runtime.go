package random

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// Change returns a random run-time change of a lab file, and what the file is with it;
// nil if the change is one that must be refused, as about one of ten is. What spare names,
// hosts and VRFs, is left alone, also how its hosts reach each other, and so is the meaning
// of the file, as with Edit.
func Change(r *rand.Rand, text []byte, spare ...string) (edit.Edit, []byte) {
	t, err := topology.Parse("random.yaml", text, runtimes...)
	if err != nil {
		panic(fmt.Sprintf("random: %v in\n%s", err, text))
	}
	c := changer{&editor{Rand: r, file: read(text)}, t, spare}
	refused := r.IntN(10) == 0
	var draw func(changer) edit.Edit
	for i := range mostTries {
		if i%triesOfKind == 0 {
			draw = draws[r.IntN(len(draws))]
		}
		e := draw(c)
		if e.Op == "" || slices.Contains(spare, e.Name) && e.Op != edit.RouteAdd && e.Op != edit.RouteDel {
			continue
		}
		after, err := edit.Apply(t, text, []edit.Edit{e})
		if err != nil {
			if refused {
				return e, nil
			}
			continue
		}
		lab, err := topology.Parse("random.yaml", after, runtimes...)
		switch {
		case err != nil && refused:
			return e, nil
		case err != nil, refused, !certain(lab), !c.spares(lab):
		default:
			return e, after
		}
	}
	panic(fmt.Sprintf("random: no change in %d tries of\n%s", mostTries, text))
}

// triesOfKind is how often a kind of change is drawn before another one: some are possible
// only with few values.
const triesOfKind = 25

// certain reports whether a lab is small, and does what its intent says whatever its
// routers prefer, and although nobody in it speaks BGP but they.
func certain(lab *topology.Topology) bool {
	return len(lab.Hosts) <= mostHosts && !ambiguous(lab) && !halfReflected(lab) && harmless(lab) &&
		!slices.ContainsFunc(lab.Hosts, func(h topology.Host) bool { return twoWays(h) || tellsLANs(&h) })
}

// spares reports whether the hosts that are left alone reach each other as before.
func (c changer) spares(after *topology.Topology) bool {
	among := func(t *topology.Topology) (out []topology.Reach) {
		for _, r := range t.Reaches() {
			if slices.Contains(c.spare, r.From) && slices.Contains(c.spare, r.To) {
				out = append(out, r)
			}
		}
		return out
	}
	return len(c.spare) == 0 || reflect.DeepEqual(among(c.lab), among(after))
}

// draws draw changes of every kind; what others need comes more often.
var draws = []func(changer) edit.Edit{
	changer.addVRF, changer.setVRF, changer.setVRF, changer.delVRF, changer.addRoute, changer.addRoute, changer.delRoute,
	changer.addHost, changer.addHost, changer.delHost, changer.attach, changer.detach, changer.move, changer.move,
	changer.addLAN, changer.delLAN,
	changer.addPolicy, changer.addPolicy, changer.setPolicy, changer.setPolicy, changer.delPolicy,
	changer.addPrefixList, changer.addPrefixList, changer.setPrefixList, changer.setPrefixList, changer.delPrefixList,
	changer.addNeighbor, changer.addNeighbor, changer.setNeighbor, changer.setNeighbor, changer.delNeighbor,
	changer.redistribute, changer.maintain, changer.addStation, changer.delStation,
}

// changer makes changes of a lab, of which some are not possible.
type changer struct {
	*editor
	lab   *topology.Topology
	spare []string
}

// anyOf returns one of several; the zero value of none.
func anyOf[T any](c changer, of []T) (v T) {
	if len(of) > 0 {
		v = of[c.IntN(len(of))]
	}
	return v
}

func (c changer) vrf() topology.VRF { return anyOf(c, c.lab.VRFs) }

func (c changer) router() string { return anyOf(c, c.lab.Routers).Name }

func (c changer) host() topology.Host { return anyOf(c, c.lab.Hosts) }

func (c changer) addVRF() edit.Edit {
	n := c.IntN(100)
	return edit.Edit{Op: edit.VRFAdd, Name: fmt.Sprintf("x%d", n), Settings: map[string]any{"rts": fmt.Sprintf("64999:%d", n), "on": c.router()}}
}

func (c changer) setVRF() edit.Edit {
	key := anyOf(c, []string{"max-routes", "label-mode", "redistribute", "default-originate", "on", "rd", "import", "export", "aggregates", "import-policy", "export-policy"})
	values := map[string][]any{
		"max-routes": {1000, 2000, nil}, "label-mode": {"per-vrf", "per-prefix", "per-next-hop", nil},
		"redistribute":      {map[string]any{"connected": "none"}, map[string]any{"connected": "hosts"}, map[string]any{"static": false}, nil},
		"default-originate": {true, false, nil}, "on": {c.router(), nil},
		"rd": {distinguisher(c.editor, nil), nil}, "import": {plain(oneOrSome(routeTarget)(c.editor, nil)), nil}, "export": {plain(oneOrSome(routeTarget)(c.editor, nil)), nil},
		"aggregates":    {plain(aggregated(c.editor, nil)), nil},
		"import-policy": {nameOf("policies")(c.editor, nil), nil}, "export-policy": {nameOf("policies")(c.editor, nil), nil},
	}
	return edit.Edit{Op: edit.VRFSet, Name: c.vrf().Name, Settings: map[string]any{key: anyOf(c, values[key])}}
}

func (c changer) delVRF() edit.Edit { return edit.Edit{Op: edit.VRFDel, Name: c.vrf().Name} }

// addRoute adds a route to a prefix that nothing else has, by a host's own address.
func (c changer) addRoute() edit.Edit {
	a := anyOf(c, c.lab.AtRouters(c.host()))
	hop := anyOf(c, a.Addresses).Addr()
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(c.IntN(256)), 0}), 24)
	if hop.Is6() {
		p = netip.MustParsePrefix(fmt.Sprintf("2001:db8:ac10:%x::/64", c.IntN(256)))
	}
	if a.VRF == "" || !hop.IsValid() {
		return edit.Edit{}
	}
	return edit.Edit{Op: edit.RouteAdd, Name: a.VRF, Prefix: p, NextHop: hop, Router: a.Router}
}

func (c changer) delRoute() edit.Edit {
	a := anyOf(c, c.lab.AtRouters(c.host()))
	s := anyOf(c, a.Statics)
	if !s.Prefix.IsValid() {
		return edit.Edit{}
	}
	return edit.Edit{Op: edit.RouteDel, Name: a.VRF, Prefix: s.Prefix, NextHop: s.NextHop, Router: a.Router}
}
