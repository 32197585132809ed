package bgp

import (
	"context"
	"math/rand/v2"
	"net"
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
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		var a attempt
		before := c.signatures()
		a.conn, a.err = c.connect(ctx, timeout)
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
}

// endAttempt cancels the running attempt, if there is one.
func (c *connector) endAttempt() {
	if c.dialing != nil {
		c.dialing()
		c.dialing = nil
	}
}

// connect dials. If a connection from the peer would be preferred, it waits until
// the peer uses this one.
func (c *connector) connect(ctx context.Context, timeout time.Duration) (*net.TCPConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var conn *net.TCPConn
	err := c.inside(func() (err error) {
		conn, err = dial(dialCtx, c.neighbor, c.internal)
		return err
	})
	if err != nil || preferred(conn) {
		return conn, err
	}
	if err := awaitData(ctx, conn, openWait); err != nil {
		abort(conn)
		return nil, err
	}
	return conn, nil
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
