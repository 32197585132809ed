package bgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/inner"
	"pseudowan/bgp/monitor"
)

// transport makes the TCP connections of a speaker: it listens, dials, and
// gives the engine one connection per neighbour at a time.
type transport struct {
	as      uint32
	name    string
	log     *slog.Logger
	inside  func(func() error) error
	localID netip.Addr
	deliver func(*net.TCPConn) // gives the engine a connection
	revive  func(netip.Addr)   // ends the engine's pause after a failed session
	hears   hearer
	monitor *monitor.Hub
	vrf     string // of the peers

	stranger func(conn *net.TCPConn, remote, local netip.Addr) bool // takes a connection of an unknown peer
	refusals refusals
	members  *memberships

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	listening sync.Mutex
	listeners map[netip.Addr]*net.TCPListener

	relaying sync.WaitGroup // of the running relays

	mu         sync.Mutex
	connectors map[netip.Addr]*connector // by address without zone
	relays     map[netip.Addr]*relay     // the last one of each neighbour
	limits     map[netip.Addr]gate.Limit // prefix limit of each neighbour
	cutOff     map[netip.Addr]string     // why neighbours cannot be reached
	policies   map[netip.Addr]routePolicies
	stage      *inner.Stage // nil before the first connection
}

// newTransport listens on the addresses. Connections are refused until their
// neighbours are added.
func newTransport(cfg Config) (*transport, error) {
	t := &transport{
		stranger: func(*net.TCPConn, netip.Addr, netip.Addr) bool { return false },
		as:       cfg.AS, name: cfg.Name, localID: cfg.RouterID, log: cfg.Log, inside: cfg.Inside, monitor: cfg.Monitor, vrf: cfg.VRF,
		connectors: make(map[netip.Addr]*connector), relays: make(map[netip.Addr]*relay), limits: make(map[netip.Addr]gate.Limit),
		policies: make(map[netip.Addr]routePolicies), members: newMemberships(cfg.AS, cfg.RouterID),
	}
	if t.inside == nil {
		t.inside = func(f func() error) error { return f() }
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.listeners = make(map[netip.Addr]*net.TCPListener)
	for _, a := range cfg.ListenAddresses {
		if err := t.listen(a); err != nil {
			t.close()
			return nil, err
		}
	}
	return t, nil
}

// listen opens a listener that nobody accepts from yet.
func (t *transport) listen(a netip.Addr) error {
	var l *net.TCPListener
	err := t.inside(func() (err error) {
		l, err = listen(a)
		return err
	})
	if err != nil {
		return fmt.Errorf("bgp: listen on %s: %w", endpoint(a), err)
	}
	t.listeners[a] = l
	return nil
}

// allListeners returns the listeners of now.
func (t *transport) allListeners() []*net.TCPListener {
	t.listening.Lock()
	defer t.listening.Unlock()
	return slices.Collect(maps.Values(t.listeners))
}

// setListeners replaces the addresses to which peers may connect. prepare gives a new
// listener the passwords that it demands.
func (t *transport) setListeners(addresses []netip.Addr, prepare func(*net.TCPListener) error) error {
	t.listening.Lock()
	defer t.listening.Unlock()
	for a, l := range t.listeners {
		if !slices.Contains(addresses, a) {
			_ = l.Close()
			delete(t.listeners, a)
		}
	}
	for _, a := range addresses {
		if t.listeners[a] != nil {
			continue
		}
		if err := t.listen(a); err != nil {
			return err
		}
		l := t.listeners[a]
		if err := prepare(l); err != nil {
			_ = l.Close()
			delete(t.listeners, a)
			return err
		}
		t.wg.Go(func() { t.acceptLoop(l) })
	}
	return nil
}

// start begins to accept connections.
func (t *transport) start(deliver func(*net.TCPConn), revive func(netip.Addr), hears hearer) {
	t.deliver, t.revive, t.hears = deliver, revive, hears
	t.wg.Go(func() { t.members.run(t.ctx.Done()) })
	for _, l := range t.allListeners() {
		t.wg.Go(func() { t.acceptLoop(l) })
	}
}

// close ends every attempt and closes the listeners. Delivered connections stay.
func (t *transport) close() {
	t.cancel()
	for _, l := range t.allListeners() {
		_ = l.Close()
	}
	t.mu.Lock()
	connectors := t.connectors
	t.connectors = map[netip.Addr]*connector{}
	t.mu.Unlock()
	for _, c := range connectors {
		c.stop()
	}
	t.wg.Wait()
}

// add begins to connect to a new neighbour.
func (t *transport) add(n Neighbor) error {
	if n.Password.Set() {
		if err := t.setPassword(n.Address, n.Password.Text); err != nil {
			return fmt.Errorf("bgp: neighbor %s: %w", n.Address, err)
		}
	}
	addr := n.Address.WithZone("")
	c := newConnector(n, n.AS == t.as, t.log, nil, t.revive)
	c.deliver = func(conn *net.TCPConn) bool { return t.relay(c, conn) }
	c.failed = func(why string) { t.hears.connectFailed(addr, why) }
	c.inside = t.inside
	c.test = func() bool { return t.test(addr) }
	t.mu.Lock()
	t.connectors[addr], t.limits[addr] = c, n.limit()
	why := t.cutOff[addr]
	c.cutOff.Store(why != "")
	t.policies[addr] = n.policies()
	t.mu.Unlock()
	t.members.setTerms(addr, n.memberTerms(t.as))
	if why != "" {
		t.hears.connectFailed(addr, why)
	}
	c.start(t.ctx)
	return nil
}

// remove forgets a neighbour.
func (t *transport) remove(addr netip.Addr) {
	t.mu.Lock()
	c := t.connectors[addr]
	delete(t.connectors, addr)
	delete(t.limits, addr)
	delete(t.policies, addr)
	t.mu.Unlock()
	if c == nil {
		return
	}
	c.stop()
	if c.neighbor.Password.Set() {
		if err := t.setPassword(c.neighbor.Address, ""); err != nil {
			t.log.Warn("bgp: remove password", "neighbor", addr, "error", err)
		}
	}
}

// tell passes on the state of the neighbour's session.
func (t *transport) tell(addr netip.Addr, s sessionState) {
	t.mu.Lock()
	c := t.connectors[addr]
	t.mu.Unlock()
	if c != nil {
		c.tell(s)
	}
}

// setPassword makes the listeners demand a password from the peer; "" removes it.
func (t *transport) setPassword(peer netip.Addr, password string) error {
	return t.setPrefixPassword(netip.PrefixFrom(peer, peer.BitLen()), password)
}

// setPrefixPassword does the same for all peers of a prefix.
func (t *transport) setPrefixPassword(p netip.Prefix, password string) error {
	for _, l := range t.allListeners() {
		if err := demand(l, p, password); err != nil {
			return err
		}
	}
	return nil
}

// demand makes a listener demand a password, if peers of the prefix may connect to it.
func demand(l *net.TCPListener, p netip.Prefix, password string) error {
	if local := l.Addr().(*net.TCPAddr).AddrPort().Addr(); local.Is4() != p.Addr().Is4() {
		return nil
	}
	return setListenerPassword(l, p, password)
}

func (t *transport) acceptLoop(l *net.TCPListener) {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			t.log.Warn("bgp: accept", "address", l.Addr(), "error", err)
			if t.ctx.Err() != nil {
				return
			}
		default:
			t.accept(conn)
		}
	}
}

// accept passes an incoming connection to its neighbour.
func (t *transport) accept(conn *net.TCPConn) {
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	t.mu.Lock()
	c := t.connectors[remote.WithZone("")]
	t.mu.Unlock()
	switch {
	case c == nil && t.stranger(conn, remote, local):
	case c == nil:
		t.refuse(conn, remote, local, "unknown peer")
	case !c.accepts(remote, local):
		t.refuse(conn, remote, local, "the peer has no session with this address")
	default:
		c.offer(conn)
	}
}

// abort resets a connection, so that its port is free at once.
func abort(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
