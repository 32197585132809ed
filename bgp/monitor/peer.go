package monitor

import (
	"net/netip"
	"time"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
	"pseudowan/bgp/mrt"
)

// Session is an established session.
type Session struct {
	VRF            string // "": between routers
	Local, Remote  netip.AddrPort
	AS             uint32     // of the peer
	ID             netip.Addr // of the peer
	AS2            bool       // AS paths have numbers of two octets
	Sent, Received []byte     // OPEN messages

	Tables Tables
}

// Tables are the routes of a session. The methods may be called from any goroutine.
type Tables interface {
	// Messages encodes a view as UPDATE messages, with ends of RIB.
	Messages(v Views) []byte
	// Counts returns the counters of the session.
	Counts() []bmp.Stat
	// Routes lists what the peer has announced.
	Routes() []gate.RIBEntry
}

// Peer is a session that the hub knows. A nil Peer is known to nobody.
type Peer struct {
	hub     *Hub
	session Session
	rd      [8]byte
	since   time.Time
	up      bool // guarded by the hub
}

// Up tells of an established session. A nil hub returns nil.
func (h *Hub) Up(s Session) *Peer {
	if h == nil {
		return nil
	}
	p := &Peer{hub: h, session: s, since: time.Now(), up: true}
	h.mu.Lock()
	defer h.mu.Unlock()
	p.rd = rdIn(h.tables, s.VRF)
	h.peers[p] = struct{}{}
	h.tell(allSessions, p.upMessage())
	h.dumper.changed(p, mrt.OpenConfirm, mrt.Established)
	return p
}

// Received tells of messages from the peer: before the import policy, or after it.
func (p *Peer) Received(v Views, msgs []byte) { p.updates(v, msgs) }

// Sent tells of messages to the peer: before the export policy, or after it.
func (p *Peer) Sent(v Views, msgs []byte) { p.updates(v, msgs) }

func (p *Peer) updates(v Views, msgs []byte) {
	if p == nil || len(msgs) == 0 || !p.hub.Wants(v) {
		return
	}
	h, now := p.hub, time.Now()
	h.mu.RLock()
	defer h.mu.RUnlock()
	if !p.up {
		return
	}
	header := p.header(v)
	gate.Updates(msgs, func(u []byte) {
		h.tell(v, bmp.RouteMonitoring(header, now, u))
		if v == InBefore {
			h.dumper.update(p, now, u)
		}
	})
}

// Down tells of the end of a session. Only the first counts.
func (p *Peer) Down(reason uint8, data []byte) {
	if p == nil {
		return
	}
	h := p.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !p.up {
		return
	}
	p.up = false
	delete(h.peers, p)
	h.tell(allSessions, bmp.PeerDown(p.header(0), time.Now(), reason, data))
	h.dumper.changed(p, mrt.Established, mrt.Idle)
}

// header is that of messages about a view of the session.
func (p *Peer) header(v Views) bmp.Peer {
	b := bmp.Peer{Flags: v.flags(), Distinguisher: p.rd, Address: p.session.Remote.Addr().WithZone(""), AS: p.session.AS, ID: p.session.ID}
	if p.session.VRF != "" {
		b.Type = bmp.RDPeer
	}
	if p.session.AS2 {
		b.Flags |= bmp.FlagAS2
	}
	return b
}

func (p *Peer) upMessage() []byte {
	s := &p.session
	return bmp.PeerUp(p.header(0), p.since, bmp.Peering{
		LocalAddress: s.Local.Addr().WithZone(""), LocalPort: s.Local.Port(), RemotePort: s.Remote.Port(), Sent: s.Sent, Received: s.Received,
	})
}
