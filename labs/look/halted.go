package look

import (
	"net/netip"
	"slices"

	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/status"
)

// haltedInterfaces lists the planned ports of routers that somebody has stopped or paused:
// nobody can be asked about them. Those of a paused router still have their carrier.
func haltedInterfaces(lab string, f Filter) (rows []status.Interface) {
	halts := store.Halts(lab)
	applied, err := store.Applied(lab)
	if len(halts) == 0 || err != nil {
		return nil
	}
	for _, r := range applied.Routers {
		h, halted := halts[r.Name]
		if !halted || f.Router != "" && f.Router != r.Name {
			continue
		}
		state := status.InterfaceDown
		if h.Paused {
			state = status.InterfaceUp
		}
		for _, i := range plannedInterfaces(r) {
			i.Admin, i.Oper, i.Fault = state, state, string(haltState(h))
			rows = append(rows, i)
		}
	}
	return rows
}

// plannedInterfaces lists the ports of a router as planned.
func plannedInterfaces(r plan.Router) (rows []status.Interface) {
	for _, c := range r.Config.Core {
		rows = append(rows,
			status.Interface{Router: r.Name, Port: c.Port, Name: c.Name, Addresses: c.Addresses, MAC: c.MAC},
			status.Interface{Router: r.Name, Port: c.BGPPort, Name: c.BGPName, Addresses: c.Addresses, MAC: c.MAC})
	}
	for _, a := range r.Config.Access {
		i := slices.IndexFunc(r.Config.VRFs, func(v config.VRF) bool { return v.Name == a.VRF })
		row := status.Interface{Router: r.Name, Port: a.Port, Name: a.Name, Addresses: append([]netip.Prefix{}, a.Gateways...), MAC: a.MAC, VRF: a.VRF, Host: a.Host}
		if i >= 0 {
			row.RD = r.Config.VRFs[i].RD.String()
		}
		rows = append(rows, row)
	}
	return rows
}
