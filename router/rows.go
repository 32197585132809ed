package router

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/meter"
	"pseudowan/status"
)

func (r *reactor) peerRows(ctx context.Context) ([]status.Peer, error) {
	peers, err := r.speaker.Peers(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]status.Peer, 0, len(peers))
	for _, p := range peers {
		rows = append(rows, r.peerRow(p, ""))
	}
	return r.customerPeerRows(ctx, rows)
}

// peerRow is the row of a session; vrf is that of a customer's.
func (r *reactor) peerRow(p bgp.PeerState, vrf string) status.Peer {
	row := status.Peer{
		Router: r.name, LocalAddress: p.LocalAddress, LocalAS: p.LocalAS,
		RemoteAddress: p.Address, RemoteAS: p.AS, State: p.State, Since: p.Since, Families: p.Families,
		Received: p.Received, Accepted: p.Accepted, Advertised: p.Advertised, VRF: vrf,
		RouterID: p.RouterID, RemoteRouterID: p.PeerID, Reason: p.Down(), LastError: p.LastError,
		Warning: p.Warning, MaxPrefixes: p.MaxPrefixes,
	}
	if !p.LastErrorAt.IsZero() {
		row.LastErrorAt = &p.LastErrorAt
	}
	return row
}

func (r *reactor) interfaceRows() []status.Interface {
	rows := []status.Interface{}
	for _, c := range r.core {
		rows = append(rows,
			status.Interface{
				Router: r.name, Port: c.Port, Name: c.Name, Addresses: c.Addresses, MAC: c.MAC,
				Admin: r.admin(c.Name), Oper: upOrDown(r.carriers.Up(c.Name)),
			},
			status.Interface{
				Router: r.name, Port: c.BGPPort, Name: c.BGPName, Addresses: c.Addresses, MAC: c.MAC,
				// The port itself has a carrier always; it is the wire's that counts.
				Admin: r.admin(c.BGPName), Oper: upOrDown(r.carriers.Up(c.BGPName) && r.carriers.Up(c.Name)),
			})
	}
	for _, a := range r.access {
		rows = append(rows, status.Interface{
			Router: r.name, Port: a.Port, Name: a.Name, Addresses: a.Gateways, MAC: a.MAC,
			VRF: a.VRF, RD: a.vrf.RD.String(), Host: a.Host, Admin: r.admin(a.Name), Oper: upOrDown(r.carriers.Up(a.Name)),
		})
	}
	slices.SortFunc(rows, func(a, b status.Interface) int { return cmp.Compare(a.Port, b.Port) })
	return rows
}

// admin is the administrative state of an interface (RFC 2863).
func (r *reactor) admin(name string) string {
	there, up := r.carriers.Admin(name)
	if !there {
		return "absent"
	}
	return upOrDown(up)
}

func upOrDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func (r *reactor) neighborRows() []status.Neighbor {
	rows := []status.Neighbor{}
	for _, c := range r.core {
		for addr, n := range c.neighbors {
			if !addr.IsMulticast() && (n.MAC != nil || c.wanted[addr]) {
				rows = append(rows, status.Neighbor{
					Router: r.name, Port: c.Port, Interface: c.Name, Address: addr, MAC: n.MAC.String(), State: n.State,
				})
			}
		}
	}
	for _, e := range r.neighbors.Entries() {
		p := r.access[e.Key.Port]
		if p == nil {
			continue
		}
		rows = append(rows, status.Neighbor{
			Router: r.name, Port: p.Port, Interface: p.Name, VRF: p.VRF,
			Address: e.Key.Addr, MAC: e.MAC.String(), State: string(e.State),
		})
	}
	slices.SortFunc(rows, func(a, b status.Neighbor) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), a.Address.Compare(b.Address))
	})
	return rows
}

func texts[T interface{ String() string }](list []T) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.String()
	}
	return out
}

// vrfRows lists the VRFs with their routes, and what of them came up from other
// routers.
func (r *reactor) vrfRows(ctx context.Context) ([]status.VRF, error) {
	cfg, err := inLoop(ctx, r, func() config.Router { return r.cfg })
	if err != nil {
		return nil, err
	}
	_, byVRF, err := meter.Count(ctx, r.sw, cfg)
	if err != nil {
		return nil, err
	}
	return inLoop(ctx, r, func() []status.VRF {
		rows := r.routeRows()
		for i, row := range rows {
			p := byVRF[r.vrfs[row.VRF].ID]
			rows[i].Punted, rows[i].PuntsDropped = p.Packets, p.Dropped
		}
		return rows
	})
}

func (r *reactor) routeRows() []status.VRF {
	rows := []status.VRF{}
	for _, v := range r.cfg.VRFs {
		row := status.VRF{
			Router: r.name, VRF: v.Name, RD: v.RD.String(), Import: texts(v.Import), Export: texts(v.Export),
			Routes: []status.Route{},
		}
		for _, e := range r.tables.Routes(v.Name) {
			row.Routes = append(row.Routes, status.Route{
				Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path), Label: labelOf(e.Route.Label), Source: e.Source.String(),
				Best: e.Best, Reason: e.Reason, MED: e.Route.MED, LocalPref: e.Route.LocalPref,
				ASPath: e.Route.ASPath.String(), Origin: originOf(e.Path).String(),
				Unusable: e.Route.Unusable,
			})
		}
		rows = append(rows, row)
	}
	return rows
}

// shownNextHop is 0.0.0.0 or :: for connected routes, as the original had it.
func shownNextHop(p bgp.Path) netip.Addr {
	if p.Source == bgp.Connected {
		return unspecified(p.Route.Prefix.Addr())
	}
	return p.Route.NextHop
}

// originOf is the origin that a path has, or is announced with.
func originOf(p bgp.Path) bgp.Origin {
	if p.Source == bgp.BGP {
		return p.Route.Origin
	}
	return bgp.OriginIncomplete
}

func labelOf(l vpn.Label) *uint32 {
	n := uint32(l)
	return &n
}

// mplsRows lists what was given out (in) and what is pushed (out): the best
// route of each prefix.
func (r *reactor) mplsRows() []status.MPLS {
	rows := []status.MPLS{}
	for _, v := range r.cfg.VRFs {
		for _, e := range r.tables.Routes(v.Name) {
			if !e.Best || !e.Remote() && e.VRF != v.Name {
				continue
			}
			row := status.MPLS{
				Router: r.name, VRF: v.Name, RD: v.RD.String(), Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path),
				Label: uint32(e.Route.Label), Direction: "in",
			}
			if e.Remote() {
				row.Direction = "out"
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// flowRows lists the counters: one row for each incoming label and one for
// each route.
func (r *reactor) flowRows(ctx context.Context, exact bool) ([]status.Flow, error) {
	counters, err := r.sw.Counters(ctx, exact)
	if err != nil {
		return nil, err
	}
	return inLoop(ctx, r, func() []status.Flow {
		rows := []status.Flow{}
		for i := range r.cfg.VRFs {
			v := &r.cfg.VRFs[i]
			rows = append(rows, r.labelFlows(v)...)
			rows = append(rows, r.routeFlows(v)...)
		}
		for i := range rows {
			n := counters[r.rowCookie(rows[i])]
			rows[i].Packets, rows[i].Bytes = n.Packets, n.Bytes
		}
		return rows
	})
}

func (r *reactor) labelFlows(v *config.VRF) []status.Flow {
	var rows []status.Flow
	for _, b := range r.bindings(v) {
		nextHop := b.Key.NextHop
		if !nextHop.IsValid() && b.Key.Family == vpn.VPNv4 {
			nextHop = netip.IPv4Unspecified()
		} else if !nextHop.IsValid() {
			nextHop = netip.IPv6Unspecified()
		}
		rows = append(rows, status.Flow{
			Router: r.name, VRF: v.Name, RD: v.RD.String(), Direction: "in",
			Prefix: b.Key.Prefix, Label: labelOf(b.Label), NextHop: nextHop,
		})
	}
	return rows
}

func (r *reactor) routeFlows(v *config.VRF) []status.Flow {
	var rows []status.Flow
	for key := range r.fib.Routes() {
		if key.VRF != v.ID {
			continue
		}
		if _, ours := r.connected[key]; ours {
			continue
		}
		row := status.Flow{
			Router: r.name, VRF: v.Name, RD: v.RD.String(), Direction: "out", Prefix: key.Prefix,
			NextHop: unspecified(key.Prefix.Addr()),
		}
		if best, ok := r.best[key]; ok {
			row.NextHop = shownNextHop(*best)
			if best.Remote() {
				row.Label = labelOf(best.Route.Label)
			}
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b status.Flow) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return rows
}

// rowCookie finds the flow that counts for a row.
func (r *reactor) rowCookie(row status.Flow) pipeline.Cookie {
	if row.Direction == "in" {
		return pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(*row.Label))
	}
	c, _ := r.fib.Route(fib.Key{VRF: r.vrfs[row.VRF].ID, Prefix: row.Prefix})
	return c
}

func (r *reactor) portRows(ctx context.Context) ([]status.Port, error) {
	counters, err := r.sw.PortStats(ctx)
	if err != nil {
		return nil, err
	}
	var cfg config.Router
	names, err := inLoop(ctx, r, func() map[uint32]string {
		cfg = r.cfg
		return r.portNames()
	})
	if err != nil {
		return nil, err
	}
	byPort, _, err := meter.Count(ctx, r.sw, cfg)
	if err != nil {
		return nil, err
	}
	rows := []status.Port{}
	for _, s := range counters {
		name, ok := names[s.Port]
		if !ok {
			continue // the bridge's own port, which is not used
		}
		rows = append(rows, status.Port{
			Router: r.name, Port: s.Port, Name: name,
			RxPackets: s.RxPackets, RxBytes: s.RxBytes, RxErrors: s.RxErrors,
			TxPackets: s.TxPackets, TxBytes: s.TxBytes, TxErrors: s.TxErrors,
			Punted: byPort[s.Port].Packets, PuntsDropped: byPort[s.Port].Dropped,
		})
	}
	slices.SortFunc(rows, func(a, b status.Port) int { return cmp.Compare(a.Port, b.Port) })
	return rows, nil
}

func (r *reactor) portNames() map[uint32]string {
	names := map[uint32]string{}
	for _, c := range r.core {
		names[c.Port], names[c.BGPPort] = c.Name, c.BGPName
	}
	for _, a := range r.access {
		names[a.Port] = a.Name
		if a.CE != nil {
			names[a.CE.Port] = a.CE.Name
		}
	}
	return names
}

func (r *reactor) ribRows(ctx context.Context) ([]status.RIB, error) {
	rows := []status.RIB{}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		paths, err := r.speaker.RIB(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			rows = append(rows, status.RIB{
				Router: r.name, Family: string(f), RD: p.RD.String(), Prefix: p.Prefix, NextHop: p.NextHop,
				Label: uint32(p.Label), Targets: texts(p.Targets), Best: p.Best,
				ASPath: p.ASPath.String(), Origin: p.Origin.String(), MED: p.MED, LocalPref: p.LocalPref,
				Unusable: p.Unusable,
			})
		}
	}
	return rows, nil
}
