package monitor

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
)

// Router is who is monitored.
type Router struct {
	Name        string
	Description string // of its software
	AS          uint32
	ID          netip.Addr // BGP identifier
}

// Hub passes on what happens on the sessions and in the tables of one router. Its
// methods may be called from any goroutine.
type Hub struct {
	router Router
	log    *slog.Logger

	wants atomic.Uint32 // Views that somebody wants

	mu       sync.RWMutex
	peers    map[*Peer]struct{} // established
	tables   []Table
	local    func(vrf string) []byte // the UPDATE messages of a VRF's table
	stations map[Key]*station
	dumper   *dumper // nil: there are no files
}

// Table is a VRF of the router.
type Table struct {
	VRF string
	RD  [8]byte
	up  time.Time
}

// New returns a hub that tells nobody.
func New(r Router, log *slog.Logger) *Hub {
	return &Hub{router: r, log: log, peers: make(map[*Peer]struct{}), stations: make(map[Key]*station)}
}

// Wants reports whether somebody wants one of the views. A nil hub wants none.
func (h *Hub) Wants(v Views) bool { return h != nil && Views(h.wants.Load())&v != 0 }

// SetLocal sets who encodes the table of a VRF. It is called from any goroutine.
func (h *Hub) SetLocal(messages func(vrf string) []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.local = messages
}

// SetTables replaces the VRFs of the router.
func (h *Hub) SetTables(tables []Table) {
	h.mu.Lock()
	defer h.mu.Unlock()
	same := func(t Table) func(Table) bool {
		return func(o Table) bool { return o.VRF == t.VRF && o.RD == t.RD }
	}
	now := time.Now()
	for _, t := range h.tables {
		if !slices.ContainsFunc(tables, same(t)) {
			h.tell(Local, bmp.PeerDown(h.tablePeer(t), now, bmp.DownTable, tableName(t)))
		}
	}
	next := slices.Clone(tables)
	for i, t := range next {
		next[i].up = now
		if j := slices.IndexFunc(h.tables, same(t)); j >= 0 {
			next[i].up = h.tables[j].up
		} else {
			h.tell(Local, h.tableUp(next[i]))
		}
	}
	moved := h.moved(next)
	h.tables = next
	for _, p := range moved { // a session in a VRF is known by the VRF's RD
		h.tell(allSessions, bmp.PeerDown(p.header(0), now, bmp.DownDeconfigured, nil))
		p.rd = rdIn(next, p.session.VRF)
		h.tell(allSessions, p.upMessage())
	}
	if len(moved) > 0 {
		for _, s := range h.stations {
			s.beginAnew("the RD of a VRF is another")
		}
	}
}

const allSessions = InBefore | InAfter | OutBefore | OutAfter

// moved returns the peers in VRFs whose RD is another.
func (h *Hub) moved(next []Table) (moved []*Peer) {
	for p := range h.peers {
		if p.session.VRF != "" && p.rd != rdIn(next, p.session.VRF) {
			moved = append(moved, p)
		}
	}
	return moved
}

func rdIn(tables []Table, vrf string) [8]byte {
	for _, t := range tables {
		if t.VRF == vrf {
			return t.RD
		}
	}
	return [8]byte{}
}

// tell puts a message into the queues of stations that want one of the views.
func (h *Hub) tell(v Views, msg []byte) {
	for _, s := range h.stations {
		s.put(v, msg)
	}
}

// Changed tells of changes in the table of a VRF, as UPDATE messages.
func (h *Hub) Changed(vrf string, msgs []byte) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	i := slices.IndexFunc(h.tables, func(t Table) bool { return t.VRF == vrf })
	if i < 0 {
		return
	}
	p, now := h.tablePeer(h.tables[i]), time.Now()
	gate.Updates(msgs, func(u []byte) { h.tell(Local, bmp.RouteMonitoring(p, now, u)) })
}

// tablePeer is the header of messages about the table of a VRF (RFC 9069 section 4).
func (h *Hub) tablePeer(t Table) bmp.Peer {
	return bmp.Peer{Type: bmp.LocRIB, Distinguisher: t.RD, AS: h.router.AS, ID: h.router.ID}
}

func tableName(t Table) []byte { return bmp.EncodeInfo(bmp.Text(bmp.InfoTableName, t.VRF)) }

func (h *Hub) tableUp(t Table) []byte {
	open := gate.OpenFor(h.router.AS, h.router.ID, gate.IPv4, gate.IPv6)
	return bmp.PeerUp(h.tablePeer(t), t.up, bmp.Peering{Sent: open, Received: open, Info: []bmp.Info{bmp.Text(bmp.InfoTableName, t.VRF)}})
}

// look notes what all stations together want. The caller holds the lock.
func (h *Hub) look() {
	var v Views
	for _, s := range h.stations {
		v |= s.cfg.Views
	}
	if h.dumper != nil {
		v |= InBefore
	}
	h.wants.Store(uint32(v))
}
