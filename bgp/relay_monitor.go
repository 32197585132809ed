package bgp

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync/atomic"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
	"pseudowan/bgp/monitor"
)

// monitored tells a monitor of the session of a relay.
type monitored struct {
	hub *monitor.Hub // nil: nobody wants to know
	vrf string

	ours   []byte // the OPEN that was sent
	theirs []byte
	peer   atomic.Pointer[monitor.Peer] // nil before the session is established
	ended  atomic.Bool
}

// down is why a session has ended, in the terms of BMP (RFC 7854 section 4.9).
type down struct {
	reason uint8
	data   []byte
}

func downByUs(n gate.Notification) down { return down{bmp.DownLocalNotification, n.Message()} }

func downByPeer(n gate.Notification) down { return down{bmp.DownRemoteNotification, n.Message()} }

func downByHangUp(err error) down {
	if errors.Is(err, net.ErrClosed) {
		return down{}
	}
	return down{bmp.DownRemote, nil}
}

func (m *monitored) down(d down) {
	if d.reason == 0 {
		d = down{bmp.DownLocal, []byte{0, 0}} // no event of the state machine
	}
	m.ended.Store(true)
	m.peer.Load().Down(d.reason, d.data)
}

// ourOpen takes note of the engine's OPEN, the first of messages.
func (m *monitored) ourOpen(msgs []byte) {
	if m.hub != nil {
		open, _ := gate.Cut(msgs)
		m.ours = bytes.Clone(open)
	}
}

func (m *monitored) received(v monitor.Views, msgs []byte) { m.peer.Load().Received(v, msgs) }
func (m *monitored) sent(v monitor.Views, msgs []byte)     { m.peer.Load().Sent(v, msgs) }

// observe takes note of a message of the peer that has been judged.
func (r *relay) observe(msg []byte, v gate.Verdict) {
	m := &r.monitored
	switch {
	case m.hub == nil:
	case v.Opened:
		m.theirs = bytes.Clone(msg)
	case v.Before != nil:
		m.received(monitor.InBefore, v.Before)
	case m.peer.Load() == nil && r.judge.Established() && !m.ended.Load():
		peer := r.judge.Peer()
		m.peer.Store(m.hub.Up(monitor.Session{
			VRF: m.vrf, AS: peer.AS, ID: peer.ID, AS2: !r.judge.AS4(), Sent: m.ours, Received: m.theirs, Tables: r,
			Local:  r.outer.LocalAddr().(*net.TCPAddr).AddrPort(),
			Remote: r.outer.RemoteAddr().(*net.TCPAddr).AddrPort(),
		}))
		if m.ended.Load() { // meanwhile, elsewhere
			m.peer.Load().Down(bmp.DownLocal, []byte{0, 0})
		}
	}
}

// Messages encodes the routes of the session.
func (r *relay) Messages(v monitor.Views) []byte {
	switch v {
	case monitor.InBefore:
		return r.judge.Messages(false)
	case monitor.InAfter:
		return r.judge.Messages(true)
	case monitor.OutBefore:
		return r.editor.BeforeMessages(r.judge.Families())
	case monitor.OutAfter:
		return r.editor.Messages(r.judge.Families()...)
	}
	return nil
}

// Routes lists what the peer has announced.
func (r *relay) Routes() []gate.RIBEntry { return r.judge.Entries() }

// Counts returns the counters of the session.
func (r *relay) Counts() []bmp.Stat {
	c := r.judge.Counts()
	told, before := r.editor.FamilyCounts()
	stats := []bmp.Stat{
		{Type: bmp.StatRejected, Value: c.Rejected}, {Type: bmp.StatClusterLoops, Value: c.ClusterLoops},
		{Type: bmp.StatASLoops, Value: c.ASLoops}, {Type: bmp.StatOriginatorLoops, Value: c.OriginatorLoops},
		{Type: bmp.StatWithdrawn, Value: c.AsWithdrawn},
		{Type: bmp.StatIn, Value: uint64(r.judge.Held())}, {Type: bmp.StatOutAfter, Value: uint64(r.editor.Told())},
	}
	stats = append(stats, familyStats(bmp.StatInFamily, c.In)...)
	stats = append(stats, familyStats(bmp.StatOutAfterFamily, told)...)
	if r.monitored.hub.Wants(monitor.OutBefore) {
		stats = append(stats, bmp.Stat{Type: bmp.StatOutBefore, Value: uint64(r.editor.Before())})
		stats = append(stats, familyStats(bmp.StatOutBeforeFamily, before)...)
	}
	return stats
}

func familyStats(kind uint16, counts map[gate.Family]uint64) (stats []bmp.Stat) {
	for _, f := range slices.Sorted(maps.Keys(counts)) {
		afi, safi := f.Code()
		stats = append(stats, bmp.Stat{Type: kind, AFI: afi, SAFI: safi, Value: counts[f]})
	}
	return stats
}

// Observe has the sessions keep what the monitor wants to know by now.
func (s *Speaker) Observe(ctx context.Context) error {
	want := s.cfg.Monitor.Wants(monitor.OutBefore)
	s.config.Lock()
	defer s.config.Unlock()
	var errs []error
	for addr, n := range s.neighbors {
		if r := s.transport.current(addr); r != nil && r.editor.KeepBefore(want) && want && r.up.Load() {
			errs = append(errs, s.engine.resend(ctx, n))
		}
	}
	return errors.Join(errs...)
}
