package bgp

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// sessionState is what a connector needs to know of a session.
type sessionState uint8

const (
	sessionIdle        sessionState = iota // the engine pauses, or is shut down
	sessionAwaiting                        // the engine waits for a connection
	sessionBusy                            // the engine has one, not established
	sessionEstablished                     // the engine has one, established
	sessionRefused                         // no session is wanted until the neighbour is reconfigured
)

const (
	firstRetry    = 50 * time.Millisecond  // pause after the first failure; doubles with each
	firstTimeout  = 250 * time.Millisecond // of the first attempt: a lost SYN costs less than a second
	maxTimeout    = 4 * time.Second
	answerSoon    = 20 * time.Millisecond  // how long a SYN may be unanswered once the peer has reached this end
	openWait      = time.Second            // how long the peer may take to send its OPEN
	collisionWait = 500 * time.Millisecond // how long an accepted connection waits for ours
	openLimit     = 15 * time.Second       // how long a session may take to be established, once connected
	settleTime    = 10 * time.Millisecond  // how long the engine may be idle without a failure
)

// connector keeps the engine supplied with a connection to one neighbour.
//
// Both ends of a session dial at once, so whichever starts last connects without
// delay. If both connections succeed, the one dialled by the end with the higher
// address survives: that end holds back an accepted connection while it dials,
// and the other end uses its own only once the peer has sent something on it.
// (RFC 4271 section 6.8 decides by identifier after the OPENs, which the engine
// cannot do.)
//
// One goroutine owns all fields below the channels.
type connector struct {
	neighbor Neighbor
	internal bool
	log      *slog.Logger
	deliver  func(*net.TCPConn) bool // gives the engine a connection; false: it failed
	failed   func(why string)        // reports why an attempt failed
	test     func() bool             // ends an established session whose connection is dead; false: it was
	revive   func(netip.Addr)
	inside   func(func() error) error
	penalty  penalty

	stalePath atomic.Int64 // how long what was kept of the neighbour stands once it is back; ns

	cancel   context.CancelFunc
	done     chan struct{}
	states   chan sessionState
	accepted chan *net.TCPConn
	turned   chan struct{} // cutOff is another
	cutOff   atomic.Bool   // the neighbour cannot be reached
	attempts chan attempt
	tested   chan bool // the established session lives

	state    sessionState
	failures int          // since the session was last established
	held     *net.TCPConn // accepted, not delivered
	current  *net.TCPConn // delivered, session not established
	dialing  func()       // ends the running attempt; nil: none
	reached  func()       // tells the running attempt that the peer has reached this end
	testing  bool         // the connection of the established session is tested
	alarm    *time.Timer
}

func newConnector(n Neighbor, internal bool, log *slog.Logger, deliver func(*net.TCPConn) bool, revive func(netip.Addr)) *connector {
	alarm := time.NewTimer(time.Hour)
	alarm.Stop()
	c := &connector{
		neighbor: n, internal: internal, log: log.With("neighbor", n.Address), deliver: deliver, revive: revive,
		done: make(chan struct{}), states: make(chan sessionState, 16),
		accepted: make(chan *net.TCPConn, 4), turned: make(chan struct{}, 1), attempts: make(chan attempt),
		tested: make(chan bool),
		alarm:  alarm,
		failed: func(string) {},
		test:   func() bool { return true },
		inside: func(f func() error) error { return f() },
	}
	c.stalePath.Store(int64(n.StalePath()))
	return c
}

func (c *connector) start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	go c.run(ctx)
}

// stop ends the connector and waits for it.
func (c *connector) stop() {
	c.cancel()
	<-c.done
}

// tell passes on a change of the session's state.
func (c *connector) tell(s sessionState) {
	select {
	case c.states <- s:
	case <-c.done:
	}
}

// offer passes on a connection that the peer made.
func (c *connector) offer(conn *net.TCPConn) {
	select {
	case c.accepted <- conn:
	case <-c.done:
		abort(conn)
	}
}

// accepts reports whether a connection between the two addresses is the
// neighbour's.
func (c *connector) accepts(remote, local netip.Addr) bool {
	return remote == c.neighbor.Address &&
		(!c.neighbor.LocalAddress.IsValid() || local == c.neighbor.LocalAddress)
}

func (c *connector) run(ctx context.Context) {
	defer close(c.done)
	defer c.release()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-c.states:
			c.onState(ctx, s)
		case conn := <-c.accepted:
			c.onAccepted(conn)
		case a := <-c.attempts:
			c.onAttempt(a)
		case <-c.turned:
			c.onTurned(ctx)
		case up := <-c.tested:
			c.onTested(up)
		case <-c.alarm.C:
			c.onAlarm(ctx)
		}
	}
}

// release drops connections that were not delivered.
func (c *connector) release() {
	c.alarm.Stop()
	c.endAttempt()
	c.drop()
	for {
		select {
		case conn := <-c.accepted:
			abort(conn)
		default:
			return
		}
	}
}

func (c *connector) onState(ctx context.Context, s sessionState) {
	if c.state == sessionRefused {
		return
	}
	c.state = s
	switch s {
	case sessionAwaiting:
		c.alarm.Stop()
		c.onAwaiting(ctx)
	case sessionBusy:
		// The alarm that handOver set keeps running.
	case sessionIdle:
		c.endAttempt()
		c.current = nil
		if !c.cutOff.Load() {
			c.alarm.Reset(max(settleTime, c.pause()))
		}
	case sessionEstablished, sessionRefused:
		c.alarm.Stop()
		c.endAttempt()
		c.drop()
		c.current = nil
		c.failures = 0
	}
}

func (c *connector) onAwaiting(ctx context.Context) {
	if c.held != nil && alive(c.held) {
		c.handOver(c.held)
		return
	}
	c.drop()
	if c.neighbor.Passive || c.dialing != nil || c.cutOff.Load() {
		return
	}
	if d := c.pause(); d > 0 {
		c.alarm.Reset(d)
		return
	}
	c.beginAttempt(ctx)
}

func (c *connector) onAccepted(conn *net.TCPConn) {
	if c.penalty.remaining(time.Now()) > 0 || c.cutOff.Load() {
		abort(conn)
		return
	}
	if err := prepareAccepted(conn, c.neighbor, c.internal); err != nil {
		c.log.Warn("bgp: prepare a connection", "error", err)
		abort(conn)
		return
	}
	switch {
	case c.state == sessionAwaiting && (c.dialing == nil || !preferred(conn)):
		c.handOver(conn)
	case c.state == sessionAwaiting, c.state == sessionBusy:
		// In the busy state the peer has given up our connection, or will soon
		// give up this one.
		c.hold(conn)
		c.alarm.Reset(collisionWait)
		if c.reached != nil {
			c.reached()
		}
	case c.state == sessionIdle:
		c.hold(conn)
	case c.state == sessionEstablished:
		c.onConnectedAgain(conn)
	default:
		abort(conn)
	}
}

func (c *connector) onAttempt(a attempt) {
	c.endAttempt()
	switch {
	case c.state != sessionAwaiting:
		if a.conn != nil {
			abort(a.conn)
		}
	case a.err == nil:
		c.handOver(a.conn)
	case c.held != nil && alive(c.held):
		c.handOver(c.held)
	default:
		c.drop()
		c.failures++
		c.failed(cannotConnect(a.err, c.neighbor, a.md5))
		c.log.Debug("bgp: connect", "error", a.err, "attempt", c.failures)
		c.alarm.Reset(c.pause())
	}
}

func (c *connector) onAlarm(ctx context.Context) {
	switch {
	case c.state == sessionIdle && c.cutOff.Load():
	case c.state == sessionIdle:
		c.failures++
		go c.revive(c.neighbor.Address.WithZone("")) // it waits for locks whose owner may wait for us
	case c.state == sessionBusy:
		c.onStuck()
	case c.state != sessionAwaiting:
	case c.held != nil && alive(c.held):
		c.handOver(c.held)
	case c.dialing == nil && !c.neighbor.Passive && !c.cutOff.Load():
		c.drop()
		c.beginAttempt(ctx)
	}
}

// onStuck ends a session that did not come up in time, or whose connection the
// peer has replaced. The engine would wait four minutes.
func (c *connector) onStuck() {
	if c.held != nil && !alive(c.held) {
		c.drop()
		c.alarm.Reset(openLimit)
		return
	}
	if c.current != nil {
		c.log.Info("bgp: closed a connection on which no session came up")
		abort(c.current)
		c.current = nil
	}
}

// handOver gives the engine a connection and drops all others.
func (c *connector) handOver(conn *net.TCPConn) {
	c.alarm.Stop()
	c.endAttempt()
	if c.held == conn {
		c.held = nil
	}
	c.drop()
	c.failures++ // until the session is established
	if !c.deliver(conn) {
		abort(conn)
		c.alarm.Reset(c.pause())
		return
	}
	c.state = sessionBusy
	c.current = conn
	c.alarm.Reset(openLimit)
}

// hold keeps an accepted connection for later.
func (c *connector) hold(conn *net.TCPConn) {
	c.drop()
	c.held = conn
}

func (c *connector) drop() {
	if c.held != nil {
		abort(c.held)
		c.held = nil
	}
}
