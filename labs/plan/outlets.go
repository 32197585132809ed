package plan

import (
	"fmt"
	"slices"

	"pseudowan/router/config"
	"pseudowan/topology"
)

// outletMTU fits into every link that carries IPv6, labels and all: nobody would
// tell the router's own connections in a VRF that a packet was too big.
const outletMTU = 1280

// stations plans what a router's BMP needs: the stations, and an outlet into each
// VRF with one.
func (b *planner) stations(r topology.Router) {
	c := b.routers[r.Name]
	c.Stations, c.MRT, c.Maintenance = r.Stations, r.MRT, r.Maintenance
	for _, s := range r.Stations {
		if s.VRF == "" {
			continue
		}
		i := slices.IndexFunc(c.Outlets, func(o config.Outlet) bool { return o.VRF == s.VRF })
		if i < 0 {
			i = len(c.Outlets)
			c.Outlets = append(c.Outlets, b.outlet(r.Name, s.VRF))
		}
		if o := &c.Outlets[i]; !slices.Contains(o.Addresses, s.Source) {
			o.Addresses = append(o.Addresses, s.Source)
		}
	}
	slices.SortFunc(c.Outlets, func(x, y config.Outlet) int { return int(x.Port) - int(y.Port) })
}

func (b *planner) outlet(router, vrf string) config.Outlet {
	end := "vrf:" + vrf + "/own" // no host can have this name
	port := b.hostPort(router, end)
	name := fmt.Sprintf("ovs-own%d", port)
	node := router + "+" + name // neither a node nor a link
	o := config.Outlet{
		VRF: vrf, Namespace: NodeNamespace(b.topology.Name, node), Interface: customerInterface,
		Port: port, Name: name, MAC: derivedMAC(b.topology.Name, node, customerInterface).String(),
	}
	b.plan.Wires = append(b.plan.Wires, Wire{
		A: End{Node: router, Interface: o.Name, MTU: outletMTU, Alias: router + ":" + end, MAC: derivedMAC(b.topology.Name, router, end).String()},
		B: End{Node: node, Interface: o.Interface, MTU: outletMTU, MAC: o.MAC, Alias: node + ":" + o.Interface},
	})
	return o
}
