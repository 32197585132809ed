package router

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/bgp"
	"pseudowan/router/bfd"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/transport"
	"pseudowan/status"
	"pseudowan/topology"
)

// liveness is what BFD says of the peers (RFC 5882). A peer is failed from the time when its
// session of BFD goes down until it is up again: a session that has never been up, or is
// down because the peer wants that, says nothing of the path.
type liveness struct {
	failed map[netip.Addr]string // peers, without their zones, and why
}

// watched lists the sessions of BFD of a configuration.
func watched(cfg config.Router) []bfd.Config {
	var list []bfd.Config
	for _, s := range cfg.Sessions {
		if !s.Watched() {
			continue
		}
		c := bfd.Config{Key: bfd.Key{Local: s.LocalAddress, Peer: s.PeerAddress, Multihop: !onLink(cfg, s)}}
		for _, core := range cfg.Core {
			if core.Name == s.Interface && s.PeerAddress.IsLinkLocalUnicast() {
				c.Local, c.Peer = s.LocalAddress.WithZone(core.BGPName), s.PeerAddress.WithZone(core.BGPName)
			}
		}
		c.MinTx, c.MinRx, c.Multiplier = s.BFDTimes()
		list = append(list, c)
	}
	return list
}

// onLink reports whether the peer of a session is one hop away.
func onLink(cfg config.Router, s topology.Session) bool {
	i := slices.IndexFunc(cfg.Core, func(c config.Core) bool { return c.Name == s.Interface })
	return i >= 0 && !s.Via.IsValid() && (s.PeerAddress.IsLinkLocalUnicast() ||
		slices.ContainsFunc(cfg.Core[i].Addresses, func(a netip.Prefix) bool { return a.Contains(s.PeerAddress) }))
}

// keep forgets what was said of peers that are no longer watched.
func (v *liveness) keep(list []bfd.Config) {
	peers := map[netip.Addr]bool{}
	for _, c := range list {
		peers[c.Peer.WithZone("")] = true
	}
	for peer := range v.failed {
		if !peers[peer] {
			delete(v.failed, peer)
		}
	}
}

// hops lists the adjacencies to which nothing gets: neighbours, and routers at the ends of
// label-switched paths.
func (v *liveness) hops(links *transport.Links) map[fib.NextHop]bool {
	list := links.Lost()
	for peer := range v.failed {
		list[fib.LSPHop(peer)] = true
	}
	return list
}

// livenessChanges has packets take their backups at once for what BFD says is lost, and
// then the routes follow.
func (l *loop) livenessChanges(changes []bfd.Change) {
	for _, c := range changes {
		c.Peer = c.Peer.WithZone("")
		l.hearLiveness(c)
	}
	l.followLiveness()
}

func (l *loop) hearLiveness(c bfd.Change) {
	const what = "BFD session with "
	switch {
	case c.To == bfd.Up:
		delete(l.liveness.failed, c.Peer)
		l.event(status.EventBFD, what+c.Peer.String()+" is up")
	case c.Ordered:
		failed := l.liveness.failed[c.Peer] != ""
		delete(l.liveness.failed, c.Peer)
		switch {
		case c.From == bfd.Up:
			l.event(status.EventBFD, what+c.Peer.String()+" is down: it was taken down, or begins anew")
		case failed:
			l.event(status.EventBFD, what+c.Peer.String()+" no longer counts: the peer does not do BFD now, or begins anew")
		}
	case c.From == bfd.Up:
		l.event(status.EventBFD, fmt.Sprintf(what+"%s is down: %s", c.Peer, c.Diag))
		if l.restarts(c.Peer) {
			l.log.Info("BFD is down, but the peer restarts: its routes are kept", "peer", c.Peer)
			return
		}
		if l.liveness.failed == nil {
			l.liveness.failed = map[netip.Addr]string{}
		}
		l.liveness.failed[c.Peer] = "BFD: " + c.Diag.String()
	}
}

// restarts reports whether the BGP session with a peer has ended before its BFD did: then its
// process has ended, which does BFD, too, and not its path. What it forwards stays if its
// routes do (RFC 5882 section 4.3.2).
func (l *loop) restarts(peer netip.Addr) bool {
	p, known := l.peers[peer]
	return known && p.State != bgp.StateEstablished
}

// forgive has a peer used again that BFD has lost, until BFD loses it again; it reports
// whether there was something to forgive.
func (l *loop) forgive(peer netip.Addr) bool {
	peer = peer.WithZone("")
	if l.liveness.failed[peer] == "" {
		return false
	}
	delete(l.liveness.failed, peer)
	l.event(status.EventBFD, "BFD session with "+peer.String()+" no longer counts: the session of BGP was cleared")
	l.followLiveness()
	return true
}

// followLiveness brings links, paths and sessions in line with what BFD says.
func (l *loop) followLiveness() {
	lost, routers := map[string]map[netip.Addr]bool{}, map[netip.Addr]bool{}
	for _, s := range l.cfg.Sessions {
		if l.liveness.failed[s.PeerAddress.WithZone("")] == "" {
			continue
		}
		if !onLink(l.cfg, s) {
			routers[s.PeerAddress] = true
			continue
		}
		if lost[s.Interface] == nil {
			lost[s.Interface] = map[netip.Addr]bool{}
		}
		lost[s.Interface][s.PeerAddress.WithZone("")] = true
	}
	l.links.SetLost(lost)
	l.lsps.SetLost(routers)
	l.cut()
	l.fallOver()
}

// bfdRows lists the sessions of BFD.
func (a *agent) bfdRows(ctx context.Context) ([]status.BFD, error) {
	sessions := a.bfd.Sessions(ctx)
	return inLoop(ctx, a.loop, func() []status.BFD {
		rows := make([]status.BFD, 0, len(sessions))
		for _, s := range sessions {
			rows = append(rows, a.loop.bfdRow(s))
		}
		return rows
	})
}

func (l *loop) bfdRow(s bfd.Session) status.BFD {
	row := status.BFD{
		Router: l.name(), LocalAddress: s.Key.Local, RemoteAddress: s.Peer, Multihop: s.Multihop,
		State: status.BFDState(s.State.String()), Since: s.Since, Diagnostic: s.Diag.String(), Discriminator: s.Local,
		MinTx: milliseconds(s.MinTx), MinRx: milliseconds(s.MinRx), Multiplier: int(s.Multiplier),
		RemoteState: status.BFDState(s.RemoteState.String()), RemoteDiagnostic: s.RemoteDiag.String(), RemoteDiscriminator: s.Remote,
		RemoteMinTx: milliseconds(s.RemoteMinTx), RemoteMinRx: milliseconds(s.RemoteMinRx), RemoteMultiplier: int(s.RemoteMult),
		Interval: milliseconds(s.Interval), Detection: milliseconds(s.Detection), Polling: s.Polling,
		Transitions: s.Transitions, Sent: s.Packets.Sent, Received: s.Packets.Received, Failed: l.liveness.failed[s.Peer.WithZone("")] != "", Absent: s.Absent,
	}
	if !s.LastUp.IsZero() {
		row.LastUp = &s.LastUp
	}
	for _, x := range l.cfg.Sessions {
		if x.PeerAddress.WithZone("") == s.Peer.WithZone("") && x.LocalAddress.WithZone("") == s.Key.Local.WithZone("") {
			row.Interface, row.Neighbor = x.Interface, x.PeerRouter
		}
	}
	return row
}

func milliseconds(d time.Duration) int { return int(d.Milliseconds()) }
