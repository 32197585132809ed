package collector

import (
	"cmp"
	"crypto/md5" //nolint:gosec // OpenBMP's identifiers, not a secret
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"pseudowan/bgp/vpn"
)

// Config is the configuration of a collector.
type Config struct {
	// Name tells collectors apart in the identifiers of routers.
	Name string

	// PAT is for routers behind address translation: they are told apart by the BGP
	// identifier of their Initiation message, else its name, and by the address that
	// they connect from only where there is neither.
	PAT bool

	// Bounds of what is kept; 0: the defaults below.
	MaxRouters, MaxRoutes, MaxConnections int
}

// The default bounds.
const (
	DefaultMaxRouters     = 10_000
	DefaultMaxRoutes      = 2_000_000
	DefaultMaxConnections = 1_000
)

// table is what routers have said. It may be used from any goroutine.
type table struct {
	cfg Config
	now func() time.Time

	mu      sync.RWMutex
	routers map[string]*router // by identifier
	routes  int                // of all peers
}

// router is one identity, whoever connects with it.
type router struct {
	row   Router
	since time.Time
	links map[*link]bool
}

// link is a connection of a router.
type link struct {
	table  *table
	source netip.Addr
	router *router
	peers  map[peerKey]*peer
}

// peer is a session of a router, or one of its tables.
type peer struct {
	row    Peer
	routes map[routeKey]Route
}

func newTable(c Config, now func() time.Time) *table {
	c.MaxRouters = cmp.Or(c.MaxRouters, DefaultMaxRouters)
	c.MaxRoutes = cmp.Or(c.MaxRoutes, DefaultMaxRoutes)
	c.MaxConnections = cmp.Or(c.MaxConnections, DefaultMaxConnections)
	return &table{cfg: c, now: now, routers: make(map[string]*router)}
}

func hashOf(parts ...string) string {
	h := md5.New() //nolint:gosec
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// stamp formats a time as OpenBMP does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// connect begins a connection. Where routers are told apart by what they say, it is
// nobody's until they have said it.
func (t *table) connect(source netip.Addr) *link {
	l := &link{table: t, source: source, peers: make(map[peerKey]*peer)}
	if !t.cfg.PAT {
		t.mu.Lock()
		defer t.mu.Unlock()
		l.is(source.String())
	}
	return l
}

// is gives a connection to the router of that identity.
func (l *link) is(identity string) {
	id := hashOf(identity, hashOf(l.table.cfg.Name))
	r := l.table.routers[id]
	if r == nil {
		l.table.makeRoom()
		r = &router{row: Router{HashID: id}, links: make(map[*link]bool)}
		l.table.routers[id] = r
	}
	l.router = r
	r.links[l] = true
	r.row.Address, r.row.Connected = l.source.String(), 1
	l.touch()
}

// touch notes that something of the router has changed.
func (l *link) touch() {
	l.router.since = l.table.now()
	l.router.row.Modified = stamp(l.router.since)
}

// makeRoom forgets the router that has been away for the longest time, if there are
// as many as there may be.
func (t *table) makeRoom() {
	if len(t.routers) < t.cfg.MaxRouters {
		return
	}
	var oldest *router
	for _, r := range t.routers {
		if len(r.links) == 0 && (oldest == nil || r.since.Before(oldest.since)) {
			oldest = r
		}
	}
	if oldest != nil {
		delete(t.routers, oldest.row.HashID)
	}
}

// apply notes what the router has said. An error ends the connection.
func (l *link) apply(event any) error {
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	if e, ok := event.(initiation); ok {
		l.begin(e)
		return nil
	}
	l.known()
	switch e := event.(type) {
	case peerUp:
		return l.up(e)
	case peerDown:
		l.down(e)
	case monitored:
		return l.monitor(e)
	}
	return nil
}

// known makes sure that the connection is somebody's.
func (l *link) known() {
	if l.router == nil {
		l.is(l.source.String())
	}
}

// longest bounds what routers say of themselves, in bytes.
const longest = 4096

func text(s string) string { return clean(s[:min(len(s), longest)]) }

func (l *link) begin(e initiation) {
	if l.router == nil {
		l.is(cmp.Or(e.bgpID, e.name, l.source.String()))
	}
	r := &l.router.row
	r.Name, r.Description, r.InitData = text(e.name), text(e.description), text(e.info)
	r.TermCode, r.TermReason = 0, ""
	l.touch()
}

// maxPeers bounds the sessions and tables of one router.
const maxPeers = 10_000

// peer returns the peer of a key; nil if there may be no more.
func (l *link) peer(h peerHeader) *peer {
	if p := l.peers[h.peerKey]; p != nil {
		return p
	}
	if len(l.peers) >= maxPeers {
		return nil
	}
	row := Peer{Type: kindOf(h.kind), AS: h.as, BGPID: h.id}
	if h.distinguisher != 0 {
		row.RD = distinguisherText(h.distinguisher)
	}
	if h.address.IsValid() {
		row.Address = h.address.String()
	}
	row.HashID = hashOf(row.Type, row.RD, row.Address, l.router.row.HashID)
	p := &peer{row: row, routes: make(map[routeKey]Route)}
	l.peers[h.peerKey] = p
	return p
}

func distinguisherText(v uint64) string {
	var b [8]byte
	for i := range b {
		b[i] = byte(v >> (56 - 8*i))
	}
	if rd, err := vpn.RDFromBytes(b); err == nil {
		return rd.String()
	}
	return fmt.Sprintf("%#016x", v)
}

func kindOf(kind uint8) string {
	names := []string{"global", "l3vpn", "local", "loc-rib"}
	if int(kind) < len(names) {
		return names[kind]
	}
	return fmt.Sprintf("type %d", kind)
}

func (l *link) up(e peerUp) error {
	p := l.peer(e.peer)
	if p == nil {
		return fmt.Errorf("more than %d peers", maxPeers)
	}
	l.forget(p)
	p.row.Up, p.row.DownReason = 1, ""
	p.row.AS, p.row.BGPID, p.row.Name = e.peer.as, e.peer.id, text(e.table)
	p.row.Port, p.row.LocalPort, p.row.LocalAS, p.row.LocalBGPID = e.remotePort, e.localPort, e.localAS, e.localID
	p.row.HoldTime = int(e.holdTime)
	p.row.LocalAddress = ""
	if e.local.IsValid() && !e.local.IsUnspecified() {
		p.row.LocalAddress = e.local.String()
	}
	p.row.Modified = stamp(l.table.now())
	if as := e.localAS; as != 0 {
		l.router.row.AS = &as
	}
	return nil
}

func (l *link) down(e peerDown) {
	p := l.peer(e.peer)
	if p == nil {
		return
	}
	l.forget(p)
	p.row.Up, p.row.DownReason = 0, e.reason
	p.row.Modified = stamp(l.table.now())
}

// forget gives up the routes of a peer.
func (l *link) forget(p *peer) {
	l.table.routes -= len(p.routes)
	clear(p.routes)
}

func (l *link) monitor(e monitored) error {
	p := l.peer(e.peer)
	if p == nil {
		return fmt.Errorf("more than %d peers", maxPeers)
	}
	for _, k := range e.withdrawn {
		if _, ok := p.routes[k]; ok {
			delete(p.routes, k)
			l.table.routes--
		}
	}
	at := stamp(l.table.now())
	if !e.peer.at.IsZero() {
		at = stamp(e.peer.at)
	}
	for _, r := range e.announced {
		k := keyOfRoute(r)
		if _, ok := p.routes[k]; !ok {
			if l.table.routes >= l.table.cfg.MaxRoutes {
				return fmt.Errorf("more than %d routes", l.table.cfg.MaxRoutes)
			}
			l.table.routes++
		}
		r.Modified = at
		p.routes[k] = r
	}
	return nil
}

// malformed counts a message about a peer that could not be read.
func (l *link) malformed(h peerHeader) {
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	l.known()
	if p := l.peer(h); p != nil {
		p.row.Malformed++
	}
}

// end notes that the connection has ended, and why.
func (l *link) end(code int, reason string) {
	t := l.table
	t.mu.Lock()
	defer t.mu.Unlock()
	l.known()
	for _, p := range l.peers {
		l.forget(p)
	}
	r := l.router
	delete(r.links, l)
	r.row.TermCode, r.row.TermReason = code, text(reason)
	if len(r.links) == 0 {
		r.row.Connected = 0
	}
	l.touch()
}
