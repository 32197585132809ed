package random

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// Change returns a random run-time change of a lab file, and what the file is with it;
// nil if the change is one that must be refused, as about one of ten is. What spare names,
// hosts and VRFs, is left alone, and so is the meaning of the file, as with Edit.
func Change(r *rand.Rand, text []byte, spare ...string) (edit.Edit, []byte) {
	t, err := topology.Parse("random.yaml", text, runtimes...)
	if err != nil {
		panic(fmt.Sprintf("random: %v in\n%s", err, text))
	}
	refused := r.IntN(10) == 0
	for range mostTries {
		c := changer{r, t, spare}
		e := c.one()
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
		case err != nil, refused, len(lab.Hosts) > mostHosts, ambiguous(lab), slices.ContainsFunc(lab.Hosts, twoWays):
		default:
			return e, after
		}
	}
	panic(fmt.Sprintf("random: no change in %d tries of\n%s", mostTries, text))
}

// changer makes changes of a lab, of which some are not possible.
type changer struct {
	*rand.Rand
	lab   *topology.Topology
	spare []string
}

func (c changer) one() edit.Edit {
	return []func() edit.Edit{c.addVRF, c.setVRF, c.delVRF, c.addRoute, c.addRoute, c.delRoute, c.addHost, c.addHost, c.delHost, c.attach, c.detach}[c.IntN(11)]()
}

// any returns one of several; the zero value of none.
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
	key := anyOf(c, []string{"max-routes", "label-mode", "redistribute", "default-originate", "on"})
	values := map[string][]any{
		"max-routes": {1000, 2000, nil}, "label-mode": {"per-vrf", "per-prefix", "per-next-hop", nil},
		"redistribute":      {map[string]any{"connected": "none"}, map[string]any{"connected": "hosts"}, map[string]any{"static": false}, nil},
		"default-originate": {true, false, nil}, "on": {c.router(), nil},
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

// settings are those of an attachment with subnets that nothing else has.
func (c changer) settings() map[string]any {
	v := c.vrf()
	n := c.IntN(256)
	addresses := []any{fmt.Sprintf("10.199.%d.2/24", n)}
	if c.IntN(2) == 0 {
		addresses = append(addresses, fmt.Sprintf("2001:db8:c7:%x::2/64", n))
	}
	s := map[string]any{"to": c.router(), "vrf": v.Name, "addresses": addresses}
	if slices.ContainsFunc(c.lab.Hosts, func(h topology.Host) bool {
		return slices.ContainsFunc(c.lab.AtRouters(h), func(a topology.Attachment) bool { return a.VRF == v.Name && a.Router == s["to"] })
	}) || c.IntN(10) > 0 {
		return s
	}
	s["vrf"] = "nowhere"
	return s
}

func (c changer) addHost() edit.Edit {
	return edit.Edit{Op: edit.HostAdd, Name: fmt.Sprintf("n%d", c.IntN(100)), Settings: c.settings()}
}

func (c changer) delHost() edit.Edit { return edit.Edit{Op: edit.HostDel, Name: c.host().Name} }

func (c changer) attach() edit.Edit {
	return edit.Edit{Op: edit.HostAttach, Name: c.host().Name, Settings: c.settings()}
}

func (c changer) detach() edit.Edit {
	h := c.host()
	return edit.Edit{Op: edit.HostDetach, Name: h.Name, Interface: anyOf(c, h.Attachments).Interface}
}
