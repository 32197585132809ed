package monitor

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
)

// snapshot is a session at the moment in which a station was put on the list.
type snapshot struct {
	up     []byte // its Peer Up message
	peer   bmp.Peer
	tables Tables
}

// header is that of messages about a view of the session.
func (s *snapshot) header(v Views) bmp.Peer {
	p := s.peer
	p.Flags |= v.flags()
	return p
}

// snapshot lists the sessions, the oldest first.
func (h *Hub) snapshot() []snapshot {
	var list []snapshot
	for _, p := range slices.SortedFunc(maps.Keys(h.peers), func(a, b *Peer) int { return a.since.Compare(b.since) }) {
		list = append(list, snapshot{p.upMessage(), p.header(0), p.session.Tables})
	}
	return list
}

// dump sends the tables of sessions and VRFs.
func (s *station) dump(ctx context.Context, conn net.Conn, peers []snapshot, tables []Table) error {
	for _, p := range peers {
		if s.cfg.Views&allSessions == 0 {
			break
		}
		msgs := [][]byte{p.up}
		for _, v := range sessionViews {
			if s.cfg.Views&v == 0 {
				continue
			}
			if err := s.write(ctx, conn, monitoring(msgs, p.header(v), p.tables.Messages(v))); err != nil {
				return err
			}
			msgs = nil
		}
	}
	for _, t := range tables {
		if s.cfg.Views&Local == 0 {
			break
		}
		msgs := monitoring([][]byte{s.hub.tableUp(t)}, s.hub.tablePeer(t), s.hub.localMessages(t.VRF))
		if err := s.write(ctx, conn, msgs); err != nil {
			return err
		}
	}
	return nil
}

func monitoring(out [][]byte, p bmp.Peer, msgs []byte) [][]byte {
	gate.Updates(msgs, func(u []byte) { out = append(out, bmp.RouteMonitoring(p, time.Time{}, u)) })
	return out
}
