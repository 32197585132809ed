package random

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// settings are those of an attachment with subnets that nothing else has, or on a LAN.
func (c changer) settings() map[string]any {
	if lan := anyOf(c, c.lab.Segments); lan.Name != "" && c.chance(3) {
		return map[string]any{"to": lan.Name, "addresses": c.addressesOn(lan)}
	}
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

// addressesOn are addresses of the subnets of a LAN.
func (c changer) addressesOn(lan topology.Segment) (out []any) {
	for _, p := range lan.Subnets {
		a := p.Addr()
		for range 5 + c.IntN(90) {
			a = a.Next()
		}
		out = append(out, netip.PrefixFrom(a, p.Bits()).String())
	}
	return out
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

// move attaches an interface elsewhere: at another router, in another VRF, with other
// addresses, or on a LAN.
func (c changer) move() edit.Edit {
	h := c.host()
	e := edit.Edit{Op: edit.HostMove, Name: h.Name, Interface: anyOf(c, h.Attachments).Interface}
	switch c.IntN(4) {
	case 0:
		e.Settings = map[string]any{"to": c.router()}
	case 1:
		e.Settings = map[string]any{"vrf": c.vrf().Name}
	default:
		e.Settings = c.settings()
	}
	return e
}

// addLAN adds one with subnets that nothing else has, often with a router.
func (c changer) addLAN() edit.Edit {
	n := c.IntN(256)
	subnets := []any{fmt.Sprintf("10.198.%d.0/24", n)}
	if c.chance(2) {
		subnets = append(subnets, fmt.Sprintf("2001:db8:c6:%x::/64", n))
	}
	s := map[string]any{"subnets": subnets}
	if !c.chance(4) {
		s["to"], s["vrf"] = c.router(), c.vrf().Name
	}
	return edit.Edit{Op: edit.LANAdd, Name: fmt.Sprintf("lan%d", c.IntN(10)), Settings: s}
}

func (c changer) delLAN() edit.Edit {
	return edit.Edit{Op: edit.LANDel, Name: anyOf(c, c.lab.Segments).Name}
}
