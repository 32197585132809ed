package bgp

import (
	"context"
	"net/netip"
	"slices"
	"time"

	api "github.com/osrg/gobgp/v3/api"

	"pseudowan/bgp/inner"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// addPeer configures a session. Its connections come by deliver.
func (e *engine) addPeer(ctx context.Context, n Neighbor) error {
	return e.server.AddPeer(ctx, &api.AddPeerRequest{Peer: peerOf(n, e.isRestarting.Load())})
}

// deletePeer ends a session and withdraws what it brought.
func (e *engine) deletePeer(ctx context.Context, n Neighbor) error {
	return e.server.DeletePeer(ctx, &api.DeletePeerRequest{Address: engineAddress(n.Address)})
}

// shutPeer ends a session and keeps it down. It sends the peer the reason (RFC
// 9003).
func (e *engine) shutPeer(ctx context.Context, n Neighbor, why string) error {
	return e.server.DisablePeer(ctx, &api.DisablePeerRequest{Address: engineAddress(n.Address), Communication: why})
}

// resend sends the peer every route again, with the current policy.
func (e *engine) resend(ctx context.Context, n Neighbor) error {
	return e.softReset(ctx, n, api.ResetPeerRequest_OUT)
}

// reimport imports every route of the peer again, with the current policy.
func (e *engine) reimport(ctx context.Context, n Neighbor) error {
	return e.softReset(ctx, n, api.ResetPeerRequest_IN)
}

func (e *engine) softReset(ctx context.Context, n Neighbor, d api.ResetPeerRequest_SoftResetDirection) error {
	return e.server.ResetPeer(ctx, &api.ResetPeerRequest{Address: engineAddress(n.Address), Soft: true, Direction: d})
}

// engineAddress returns the neighbour's address in the engine, that of the inner
// connections.
func engineAddress(a netip.Addr) string {
	if a.Zone() != "" {
		a = a.WithZone(inner.Zone)
	}
	return a.String()
}

// engineOwnAS is how often the engine takes its own AS in a path. The gate has
// judged that before it put the local AS in front.
func (n Neighbor) engineOwnAS() uint32 {
	if n.LocalAS != 0 {
		return n.AllowOwnAS + 1
	}
	return n.AllowOwnAS
}

func peerOf(n Neighbor, restarting bool) *api.Peer {
	anyAddress := netip.IPv4Unspecified()
	if n.Address.Is6() {
		anyAddress = netip.IPv6Unspecified()
	}
	p := &api.Peer{
		Conf: &api.PeerConf{
			NeighborAddress: engineAddress(n.Address), PeerAsn: n.AS, Description: n.Description, AdminDown: n.Shutdown, LocalAsn: n.LocalAS, AllowOwnAsn: n.engineOwnAS(),
			// The peer judges whether a path with its AS is a loop.
			// What is passed on across a border would only come back.
			AllowAspathLoopLocal: !n.Border,
		},
		Timers: &api.Timers{Config: &api.TimersConfig{
			HoldTime: uint64(engineHold(n).Seconds()), KeepaliveInterval: uint64(engineKeepalive(n).Seconds()),
			IdleHoldTimeAfterReset: 1,
		}},
		// The engine must neither dial nor check local addresses: connections
		// are made and checked before it gets them.
		Transport:      &api.Transport{PassiveMode: true, LocalAddress: anyAddress.String()},
		RouteReflector: &api.RouteReflector{RouteReflectorClient: n.Client || n.ofReflector},
		// This also makes both ends send an end of RIB.
		GracefulRestart: gracefulRestart(restarting),
		AfiSafis:        engineFamiliesOf(n),
	}
	p.GracefulRestart.LonglivedEnabled = true // for whom, the gate says
	return p
}

// engineHold is the engine's hold time. With none it would give its own messages
// no time to be written; the relay makes up for the one that it has.
func engineHold(n Neighbor) time.Duration {
	if n.HoldTime == 0 {
		return longest * time.Second
	}
	return n.HoldTime
}

func engineKeepalive(n Neighbor) time.Duration {
	if n.HoldTime == 0 {
		return session.KeepaliveFor(longest * time.Second)
	}
	return n.Keepalive
}

// enginePeer is the state of a session in the engine.
type enginePeer struct {
	established        bool
	families           []string // negotiated; nil while there is no session
	received, accepted int
	keepsStale         bool // routes wait for a restarting peer
	awaited            bool // the engine awaits the peer's restart
	restarts           bool // the peer has restarted (RFC 4724 section 3)
	sendsEnd           bool // the peer has graceful restart, and so sends an end of RIB
}

// peer returns what is known of a session; nothing if there is none. The engine
// counts the routes of the session for that, and does nothing else meanwhile.
func (e *engine) peer(ctx context.Context, addr netip.Addr) (known enginePeer, err error) {
	err = e.server.ListPeer(ctx, &api.ListPeerRequest{Address: engineAddress(addr)}, func(p *api.Peer) {
		known = enginePeerOf(p)
	})
	return known, err
}

func enginePeerOf(p *api.Peer) enginePeer {
	var ep enginePeer
	families, restart := capabilities(p)
	established := p.GetState().GetSessionState() == api.PeerState_ESTABLISHED
	ep.established = established
	for _, f := range p.GetAfiSafis() {
		family, ok := familyOf(f.GetConfig().GetFamily())
		if !ok {
			continue
		}
		ep.received += int(f.GetState().GetReceived())
		ep.accepted += int(f.GetState().GetAccepted())
		if !established || !slices.Contains(families, family) {
			continue
		}
		ep.families = append(ep.families, string(family))
	}
	slices.Sort(ep.families)
	const restartState = 0x8
	ep.sendsEnd, ep.restarts = restart != nil, restart.GetFlags()&restartState != 0
	ep.awaited = p.GetGracefulRestart().GetPeerRestarting()
	ep.keepsStale = ep.awaited && len(restart.GetTuples()) > 0 && ep.received > 0
	return ep
}

// capabilities returns the families in the peer's OPEN, and its graceful restart
// capability or nil.
func capabilities(p *api.Peer) (families []vpn.Family, restart *api.GracefulRestartCapability) {
	for _, c := range p.GetState().GetRemoteCap() {
		m, err := c.UnmarshalNew()
		if err != nil {
			continue
		}
		switch m := m.(type) {
		case *api.MultiProtocolCapability:
			if f, ok := familyOf(m.GetFamily()); ok {
				families = append(families, f)
			}
		case *api.GracefulRestartCapability:
			restart = m
		}
	}
	return families, restart
}

// engineFamiliesOf returns the families of a session, with graceful restart. With
// add-path the engine says all paths: which of them the peer is told is for the gate
// to choose, as the engine takes those that came first.
func engineFamiliesOf(n Neighbor) []*api.AfiSafi {
	var list []*api.AfiSafi
	for _, f := range n.Families {
		a := &api.AfiSafi{
			Config:            &api.AfiSafiConfig{Family: familyAPI(f), Enabled: true},
			MpGracefulRestart: &api.MpGracefulRestart{Config: &api.MpGracefulRestartConfig{Enabled: true}},
			AddPaths:          &api.AddPaths{Config: &api.AddPathsConfig{Receive: slices.Contains(n.AddPathReceive, f)}},
		}
		if slices.Contains(n.AddPathSend, f) {
			a.AddPaths.Config.SendMax = session.MaxPaths
		}
		list = append(list, a)
	}
	return list
}
