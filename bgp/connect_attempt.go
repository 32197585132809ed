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
}

func (c *connector) beginAttempt(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	timeout := min(firstTimeout<<min(c.failures, 10), maxTimeout)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		conn, err := c.connect(ctx, timeout)
		select {
		case c.attempts <- attempt{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				abort(conn)
			}
		}
	}()
	c.dialing = func() { cancel(); <-finished }
}

// endAttempt gives up the attempt that runs, if one does.
func (c *connector) endAttempt() {
	if c.dialing != nil {
		c.dialing()
		c.dialing = nil
	}
}

// connect dials and, where the peer's connection would be preferred, waits for
// the sign that the peer uses this one.
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

// preferred reports whether a connection that this end dialled survives one
// that the peer dialled.
func preferred(conn *net.TCPConn) bool {
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr()
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
	return remote.WithZone("").Less(local.WithZone(""))
}

// pause is the time until the next try, spread so that two ends do not try in
// step for ever.
func (c *connector) pause() time.Duration {
	if c.failures == 0 {
		return 0
	}
	d := min(firstRetry<<min(c.failures-1, 16), c.neighbor.ConnectRetry)
	return d*3/4 + rand.N(d/4+1)
}
