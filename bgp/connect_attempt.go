package bgp

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// attempt is the outcome of dialling.
type attempt struct {
	conn *net.TCPConn
	err  error
	md5  signatures // what TCP-MD5 dropped meanwhile, from any peer
}

func (c *connector) beginAttempt(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	timeout := min(firstTimeout<<min(c.failures, 10), maxTimeout)
	finished, reached := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		var a attempt
		before := c.signatures()
		a.conn, a.err = c.connect(ctx, timeout, reached)
		if a.err != nil {
			a.md5 = c.signatures().since(before)
		}
		select {
		case c.attempts <- a:
		case <-ctx.Done():
			if a.conn != nil {
				abort(a.conn)
			}
		}
	}()
	c.dialing = func() { cancel(); <-finished }
	c.reached = sync.OnceFunc(func() { close(reached) })
}

// endAttempt cancels the running attempt, if there is one.
func (c *connector) endAttempt() {
	if c.dialing != nil {
		c.dialing()
		c.dialing, c.reached = nil, nil
	}
}

// connect dials. If a connection from the peer would be preferred, it waits until
// the peer uses this one.
func (c *connector) connect(ctx context.Context, timeout time.Duration, reached <-chan struct{}) (*net.TCPConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := dialAgain(dialCtx, reached, c.dial)
	if err != nil || preferred(conn) {
		return conn, err
	}
	if err := awaitData(ctx, conn, openWait); err != nil {
		abort(conn)
		return nil, err
	}
	return conn, nil
}

func (c *connector) dial(ctx context.Context) (conn *net.TCPConn, err error) {
	err = c.inside(func() (err error) {
		conn, err = dial(ctx, c.neighbor, c.internal)
		return err
	})
	return conn, err
}

// dialAgain dials, and once more beside it when the peer has reached this end meanwhile: the
// first SYN was lost then, if there is no answer by now. It returns the connection that
// comes about first.
func dialAgain(ctx context.Context, reached <-chan struct{}, dial func(context.Context) (*net.TCPConn, error)) (*net.TCPConn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan attempt, 2)
	begin := func() {
		conn, err := dial(ctx)
		results <- attempt{conn: conn, err: err}
	}
	go begin()
	var again <-chan time.Time
	for running := 1; ; {
		select {
		case <-reached:
			reached, again = nil, time.After(answerSoon)
		case <-again:
			running++
			go begin()
		case a := <-results:
			if running--; running > 0 && a.err != nil {
				continue
			}
			if running > 0 {
				go func() {
					if other := <-results; other.conn != nil {
						abort(other.conn)
					}
				}()
			}
			return a.conn, a.err
		}
	}
}

// preferred reports whether a connection that this end dialled survives one that
// the peer dialled.
func preferred(conn *net.TCPConn) bool {
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr()
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
	return remote.WithZone("").Less(local.WithZone(""))
}

// signatures counts what TCP-MD5 dropped in the namespace of the connections.
func (c *connector) signatures() (s signatures) {
	_ = c.inside(func() error {
		s = readSignatures()
		return nil
	})
	return s
}

// pause returns the time until the next attempt, with jitter so that two ends do
// not stay in step.
func (c *connector) pause() time.Duration {
	if d := c.penalty.remaining(time.Now()); d > 0 || c.failures == 0 {
		return d
	}
	d := min(firstRetry<<min(c.failures-1, 16), c.neighbor.ConnectRetry)
	return d*3/4 + rand.N(d/4+1)
}
