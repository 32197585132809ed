package router

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/meter"
	"pseudowan/status"
	"pseudowan/topology"
)

func (a *agent) peerRows(ctx context.Context) ([]status.Peer, error) {
	peers, err := a.speaker.Peers(ctx)
	if err != nil {
		return nil, err
	}
	if a.core != nil {
		more, err := a.core.Peers(ctx)
		if err != nil {
			return nil, err
		}
		peers = append(peers, more...)
	}
	rows := make([]status.Peer, 0, len(peers))
	configured, err := inLoop(ctx, a.loop, func() []topology.Session { return a.loop.cfg.Sessions })
	if err != nil {
		return nil, err
	}
	for _, p := range peers {
		row := peerRow(a.name, p, "")
		for _, s := range configured {
			if s.Is(p.Address) {
				row.Via = s.Via
			}
		}
		rows = append(rows, row)
	}
	ces, err := inLoop(ctx, a.loop, func() (list []customer) {
		for _, c := range a.loop.ces.CEs() {
			list = append(list, customer{c.Speaker, c.Port.SoO})
		}
		return list
	})
	if err != nil {
		return nil, err
	}
	for _, c := range ces {
		peers, err := c.speaker.Peers(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range peers {
			row := peerRow(a.name, p, c.speaker.VRF())
			if !c.site.IsZero() {
				row.SoO = c.site.String()
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// customer is what the rows of a CE's sessions need.
type customer struct {
	speaker *ce.Speaker
	site    vpn.SiteOfOrigin
}

// peerRow returns the row of a session. vrf is the VRF of a session with a CE.
func peerRow(router string, p bgp.PeerState, vrf string) status.Peer {
	row := status.Peer{
		Router: router, LocalAddress: p.LocalAddress, LocalAS: p.LocalAS,
		RemoteAddress: p.Address, RemoteAS: p.AS, State: status.SessionState(p.State), Since: p.Since, Families: p.Families,
		Received: p.Received, Accepted: p.Accepted, Advertised: p.Advertised, VRF: vrf,
		RouterID: p.RouterID, RemoteRouterID: p.PeerID, Capabilities: p.Capabilities, TargetsReceived: p.TargetsReceived, TargetsAdvertised: p.TargetsAdvertised, Reason: p.Down(), LastError: p.LastError,
		Warning: p.Warning, MaxPrefixes: p.MaxPrefixes, Description: p.Description, Shutdown: p.Shutdown, Dynamic: prefixText(p.Range), Malformed: malformedRow(p.Malformed),
	}
	if !p.LastErrorAt.IsZero() {
		row.LastErrorAt = &p.LastErrorAt
	}
	if row.LastEnd = p.LastEnd; !p.LastEndAt.IsZero() {
		row.LastEndAt = &p.LastEndAt
	}
	row.HoldTime, row.Restart, row.Settings = int(p.HoldTime.Seconds()), restartRow(p.Restart), settingRows(p, vrf != "")
	return row
}

func restartRow(r bgp.RestartState) status.Restart {
	row := status.Restart{Notifications: r.Notifications, Restarted: r.Restarted, TakesStale: r.TakesStale, Families: []status.FamilyRestart{}}
	for _, f := range r.Families {
		row.Families = append(row.Families, status.FamilyRestart{
			Family: string(f.Family), Keeps: int(f.Keeps.Seconds()), KeepsLong: int(f.KeepsLong.Seconds()),
			PeerKeeps: int(f.PeerKeeps.Seconds()), PeerKeepsLong: int(f.PeerKeepsOn.Seconds()),
		})
	}
	return row
}

// settingRows lists the settings of a session.
func settingRows(p bgp.PeerState, host bool) []status.Setting {
	with := session.Routers
	if host {
		with = session.Hosts
	}
	rows := []status.Setting{}
	for _, k := range session.Knobs(with) {
		row := status.Setting{Key: k.Key, Value: k.Text(p.Settings), Given: k.Given(p.Settings, with)}
		if k.Key == "allow-own-as" && p.AS == p.LocalAS && !host { // the router's own: see speakerNeighbors
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

func malformedRow(m bgp.Malformed) status.Malformed {
	row := status.Malformed{
		Headers: m.Headers, Opens: m.Opens, Updates: m.Updates, Unexpected: m.Unexpected,
		Withdrawn: m.Withdrawn, Discarded: m.Discarded, Families: m.Families, Last: m.Last,
	}
	if !m.LastAt.IsZero() {
		row.LastAt = &m.LastAt
	}
	return row
}

func (l *loop) interfaceRows() []status.Interface {
	rows := []status.Interface{}
	for _, c := range l.links.Ports() {
		rows = append(rows,
			status.Interface{
				Router: l.name(), Port: c.Port, Name: c.Name, Addresses: c.Addresses, MAC: c.MAC, Type: portType(c.XDP),
				Admin: l.admin(c.Name), Oper: upOrDown(l.carriers.Up(c.Name)),
			},
			status.Interface{
				Router: l.name(), Port: c.BGPPort, Name: c.BGPName, Addresses: c.Addresses, MAC: c.MAC, Type: status.PortInternal,
				// The port itself always has a carrier; that of the wire counts.
				Admin: l.admin(c.BGPName), Oper: upOrDown(l.carriers.Up(c.BGPName) && l.carriers.Up(c.Name)),
			})
	}
	for _, a := range l.ports.All() {
		rows = append(rows, status.Interface{
			Router: l.name(), Port: a.Port, Name: a.Name, Addresses: a.Gateways, MAC: a.MAC, Type: portType(false),
			VRF: a.VRF, RD: l.vrfs.VRF(a.VRF).RD.String(), Host: a.Host, Admin: l.admin(a.Name), Oper: upOrDown(l.carriers.Up(a.Name)),
		})
	}
	slices.SortFunc(rows, func(a, b status.Interface) int { return cmp.Compare(a.Port, b.Port) })
	return rows
}

func portType(xdp bool) status.PortType {
	if xdp {
		return status.PortAFXDP
	}
	return status.PortSystem
}

// admin returns the administrative state of an interface (RFC 2863).
func (l *loop) admin(name string) status.InterfaceState {
	there, up := l.carriers.Admin(name)
	if !there {
		return status.InterfaceAbsent
	}
	return upOrDown(up)
}

// prefixText returns a prefix as text; "" if there is none.
func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func upOrDown(up bool) status.InterfaceState {
	if up {
		return status.InterfaceUp
	}
	return status.InterfaceDown
}

func (l *loop) neighborRows() []status.Neighbor {
	rows := []status.Neighbor{}
	for _, p := range l.links.Ports() {
		for _, n := range p.Neighbors() {
			rows = append(rows, status.Neighbor{
				Router: l.name(), Port: p.Port, Interface: p.Name, Address: n.Addr, MAC: n.MAC.String(), State: status.NeighborState(n.State),
			})
		}
	}
	for _, e := range l.ports.Entries() {
		p := l.ports.Port(e.Key.Port)
		if p == nil {
			continue
		}
		rows = append(rows, status.Neighbor{
			Router: l.name(), Port: p.Port, Interface: p.Name, VRF: p.VRF,
			Address: e.Key.Addr, MAC: e.MAC.String(), State: status.NeighborState(e.State),
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

func (a *agent) portRows(ctx context.Context) ([]status.Port, error) {
	counters, err := a.sw.PortStats(ctx)
	if err != nil {
		return nil, err
	}
	var cfg config.Router
	ignored, err := inLoop(ctx, a.loop, func() map[uint32]uint64 {
		cfg = a.loop.cfg
		return a.loop.ports.Ignored()
	})
	if err != nil {
		return nil, err
	}
	byPort, _, err := meter.Count(ctx, a.sw, cfg)
	if err != nil {
		return nil, err
	}
	names := portNames(cfg)
	rows := []status.Port{}
	for _, s := range counters {
		name, ok := names[s.Port]
		if !ok {
			continue // the bridge's own port, which is not used
		}
		rows = append(rows, status.Port{
			Router: a.name, Port: s.Port, Name: name,
			RxPackets: s.RxPackets, RxBytes: s.RxBytes, RxErrors: s.RxErrors,
			TxPackets: s.TxPackets, TxBytes: s.TxBytes, TxErrors: s.TxErrors,
			Punted: byPort[s.Port].Packets, PuntsDropped: byPort[s.Port].Dropped, PuntsIgnored: ignored[s.Port],
		})
	}
	slices.SortFunc(rows, func(a, b status.Port) int { return cmp.Compare(a.Port, b.Port) })
	return rows, nil
}

// portNames returns the names of the bridge's ports by number.
func portNames(cfg config.Router) map[uint32]string {
	names := map[uint32]string{}
	for _, c := range cfg.Core {
		names[c.Port], names[c.BGPPort] = c.Name, c.BGPName
	}
	for _, a := range cfg.Access {
		names[a.Port] = a.Name
		if a.CE != nil {
			names[a.CE.Port] = a.CE.Name
		}
	}
	if t := cfg.Transport; t != nil {
		names[t.Port] = t.Name
	}
	for _, o := range cfg.Outlets {
		names[o.Port] = o.Name
	}
	return names
}
