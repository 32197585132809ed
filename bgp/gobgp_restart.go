package bgp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	api "github.com/osrg/gobgp/v3/api"
	packet "github.com/osrg/gobgp/v3/pkg/packet/bgp"
)

// restartTime is how long peers keep our routes after we vanish (RFC 4724 section
// 3): longer than a router needs to start on a machine that starts a hundred.
const restartTime = 60 * time.Second

// hold keeps the engine from announcing routes after a restart, and from ending
// the restart, before all routes are known. The engine does both as soon as every
// established peer has sent its end of RIB (RFC 4724 section 4.1); nothing else
// delays it. So it gets one more peer, whose end of RIB we send.
type hold struct {
	engine *engine
	conn   *net.TCPConn
}

// heldBy is the address of that peer, which no other can have. Its family is
// used by no other.
var (
	heldBy     = netip.AddrFrom4([4]byte{127, 255, 255, 179})
	heldFamily = packet.RF_EVPN
)

const holdTimeout = 5 * time.Second

// holdBack adds the peer and waits until it is established. inside runs a function
// in a namespace for the connection, which does not leave lo.
func (e *engine) holdBack(ctx context.Context, inside func(func() error) error) (*hold, error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	near, far, err := loopbackPair(ctx, inside)
	if err != nil {
		return nil, fmt.Errorf("bgp: hold back announcements: %w", err)
	}
	h := &hold{engine: e, conn: far}
	if err := h.establish(ctx, near); err != nil {
		far.Close()
		return nil, fmt.Errorf("bgp: hold back announcements: %w", err)
	}
	go io.Copy(io.Discard, far) // until the connection ends
	return h, nil
}

// loopbackPair returns the two ends of a connection whose remote address is heldBy.
func loopbackPair(ctx context.Context, inside func(func() error) error) (near, far *net.TCPConn, err error) {
	err = inside(func() error {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		defer l.Close()
		if err := l.SetDeadline(time.Now().Add(holdTimeout)); err != nil {
			return err
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: heldBy.AsSlice()}}
		c, err := d.DialContext(ctx, "tcp4", l.Addr().String())
		if err != nil {
			return err
		}
		far = c.(*net.TCPConn)
		if near, err = l.AcceptTCP(); err != nil {
			far.Close()
		}
		return err
	})
	return near, far, err
}

func (h *hold) establish(ctx context.Context, near *net.TCPConn) error {
	family := &api.Family{Afi: api.Family_AFI_L2VPN, Safi: api.Family_SAFI_EVPN}
	err := h.engine.server.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf:            &api.PeerConf{NeighborAddress: heldBy.String(), PeerAsn: h.engine.as},
		Timers:          &api.Timers{Config: &api.TimersConfig{HoldTime: longest, KeepaliveInterval: longest}},
		Transport:       &api.Transport{PassiveMode: true, LocalAddress: netip.IPv4Unspecified().String()},
		GracefulRestart: gracefulRestart(true),
		AfiSafis: []*api.AfiSafi{{
			Config:            &api.AfiSafiConfig{Family: family, Enabled: true},
			MpGracefulRestart: &api.MpGracefulRestart{Config: &api.MpGracefulRestartConfig{Enabled: true}},
		}},
	}})
	if err != nil {
		near.Close()
		return err
	}
	if err := h.awaitState(ctx, api.PeerState_ACTIVE); err != nil { // before, it refuses connections
		near.Close()
		return err
	}
	h.engine.deliver(near)
	if deadline, ok := ctx.Deadline(); ok {
		if err := h.conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if err := h.open(); err != nil {
		return err
	}
	if err := h.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return h.awaitState(ctx, api.PeerState_ESTABLISHED)
}

// longest is the longest hold time, in seconds: no KEEPALIVE is due for hours.
// (With 0 the engine's own messages time out at once.)
const longest = 65535

// open sends OPEN and KEEPALIVE.
func (h *hold) open() error {
	const transAS = 23456 // RFC 6793
	as := uint16(transAS)
	if h.engine.as <= 65535 {
		as = uint16(h.engine.as)
	}
	capabilities := packet.NewOptionParameterCapability([]packet.ParameterCapabilityInterface{
		packet.NewCapMultiProtocol(heldFamily), packet.NewCapFourOctetASNumber(h.engine.as),
		packet.NewCapGracefulRestart(false, false, 0, []*packet.CapGracefulRestartTuple{packet.NewCapGracefulRestartTuple(heldFamily, false)}),
	})
	for _, m := range []*packet.BGPMessage{
		packet.NewBGPOpenMessage(as, longest, heldBy.String(), []packet.OptionParameterInterface{capabilities}),
		packet.NewBGPKeepAliveMessage(),
	} {
		if err := h.send(m); err != nil {
			return err
		}
	}
	return nil
}

func (h *hold) send(m *packet.BGPMessage) error {
	data, err := m.Serialize()
	if err != nil {
		return err
	}
	_, err = h.conn.Write(data)
	return err
}

// awaitState waits until the peer is in a state.
func (h *hold) awaitState(ctx context.Context, want api.PeerState_SessionState) error {
	for {
		var is api.PeerState_SessionState
		err := h.engine.server.ListPeer(ctx, &api.ListPeerRequest{Address: heldBy.String()}, func(p *api.Peer) {
			is = p.GetState().GetSessionState()
		})
		if err != nil || is == want {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the engine is in state %s: %w", is, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// release lets the engine announce all routes and the end of RIB to the peers. It
// returns the addresses of the peers whose end of RIB the engine still waits for.
func (h *hold) release(ctx context.Context) (waiting []netip.Addr, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	defer h.conn.Close()
	if err := h.send(packet.NewEndOfRib(heldFamily)); err != nil {
		return nil, fmt.Errorf("bgp: release announcements: %w", err)
	}
	const patience = 500 * time.Millisecond
	for begin := time.Now(); ; {
		if waiting, err = h.engine.restarting(ctx); err != nil {
			return nil, err
		}
		if len(waiting) == 0 || time.Since(begin) > patience {
			break
		}
		select {
		case <-ctx.Done():
			return waiting, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	err = h.engine.server.DeletePeer(ctx, &api.DeletePeerRequest{Address: heldBy.String()})
	return waiting, err
}

// restarting lists the peers to which nothing is announced yet.
func (e *engine) restarting(ctx context.Context) ([]netip.Addr, error) {
	var list []netip.Addr
	var failed error
	err := e.server.ListPeer(ctx, &api.ListPeerRequest{}, func(p *api.Peer) {
		addr, err := netip.ParseAddr(p.GetState().GetNeighborAddress())
		if err != nil {
			failed = err
		} else if p.GetGracefulRestart().GetLocalRestarting() && addr != heldBy {
			list = append(list, addr.WithZone("").Unmap())
		}
	})
	return list, errors.Join(err, failed)
}

// gracefulRestart returns our side of graceful restart. While restarting, the
// engine announces that packets are still forwarded, and receives routes, but
// sends none before release.
func gracefulRestart(restarting bool) *api.GracefulRestart {
	const never = 65535 // seconds
	return &api.GracefulRestart{
		Enabled: true, RestartTime: uint32(restartTime.Seconds()), DeferralTime: never, LocalRestarting: restarting,
	}
}

// hasten ends the engine's pause after a failed session, as deleting the peer
// would, but keeps its stale routes: it disables and enables the peer, which takes
// at least one second.
func (e *engine) hasten(ctx context.Context, n Neighbor) error {
	addr := n.Address.String()
	if err := e.server.ResetPeer(ctx, &api.ResetPeerRequest{Address: addr}); err != nil { // sets the pause
		return err
	}
	if err := e.server.DisablePeer(ctx, &api.DisablePeerRequest{Address: addr}); err != nil {
		return err
	}
	if err := e.awaitAdmin(ctx, addr, api.PeerState_DOWN); err != nil {
		return err
	}
	if err := e.server.EnablePeer(ctx, &api.EnablePeerRequest{Address: addr}); err != nil {
		return err
	}
	return e.awaitAdmin(ctx, addr, api.PeerState_UP)
}

func (e *engine) awaitAdmin(ctx context.Context, addr string, want api.PeerState_AdminState) error {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	for {
		var is api.PeerState_AdminState
		if err := e.server.ListPeer(ctx, &api.ListPeerRequest{Address: addr}, func(p *api.Peer) { is = p.GetState().GetAdminState() }); err != nil {
			return err
		}
		if is == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}
