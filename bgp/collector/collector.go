package collector

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Collector is a monitoring station.
type Collector struct {
	table *table
	log   *slog.Logger
	slots chan struct{} // of connections
}

// New returns a collector that nobody has connected to.
func New(c Config, log *slog.Logger) *Collector {
	t := newTable(c, time.Now)
	return &Collector{table: t, log: log, slots: make(chan struct{}, t.cfg.MaxConnections)}
}

const (
	// keepAlive finds out about routers that have gone without a word: BMP has no
	// messages of its own for that.
	keepAlive = 15 * time.Second

	// firstMessage is how long a new connection may say nothing.
	firstMessage = time.Minute
)

// Serve takes connections of routers until ctx ends.
func (c *Collector) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		select {
		case c.slots <- struct{}{}:
			wg.Go(func() {
				defer func() { <-c.slots }()
				c.station(ctx, conn)
			})
		default:
			c.log.Warn("bmp: too many connections", "from", conn.RemoteAddr(), "most", cap(c.slots))
			conn.Close()
		}
	}
}

// station reads one connection to its end.
func (c *Collector) station(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive / 3, Count: 3})
	}
	source := sourceOf(conn.RemoteAddr())
	l := c.table.connect(source)
	c.log.Info("bmp: a router has connected", "from", source)
	code, reason := c.read(conn, l)
	l.end(code, reason)
	c.log.Info("bmp: a router has gone", "from", source, "code", code, "reason", reason)
}

func sourceOf(a net.Addr) netip.Addr {
	p, _ := netip.ParseAddrPort(a.String())
	return p.Addr().Unmap()
}

// read takes messages until the connection ends, and says how it has.
func (c *Collector) read(conn net.Conn, l *link) (code int, reason string) {
	codec := codec{up: make(map[peerKey]*peerUp)}
	_ = conn.SetReadDeadline(time.Now().Add(firstMessage))
	for {
		msg, err := readMessage(conn)
		if err != nil {
			return endOf(err)
		}
		_ = conn.SetReadDeadline(time.Time{})
		event, err := codec.read(msg)
		var bad *malformedError
		switch {
		case errors.As(err, &bad):
			c.log.Warn("bmp: a message that cannot be read", "from", l.source, "peer", bad.peer.address, "error", bad.err)
			l.malformed(bad.peer)
			continue
		case err != nil:
			return CodeError, "ERROR: " + err.Error()
		}
		if t, ok := event.(termination); ok {
			return t.code, t.reason
		}
		if err := l.apply(event); err != nil {
			return CodeError, "ERROR: " + err.Error()
		}
	}
}

func endOf(err error) (code int, reason string) {
	var network net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return CodeClosed, "Connection closed"
	case errors.Is(err, errVersion):
		return CodeError, "ERROR: Unsupported BMP message version" // OpenBMP's words
	case errors.As(err, &network):
		return CodeClosed, "Connection lost: " + err.Error()
	}
	return CodeError, "ERROR: " + err.Error()
}

// Routers lists the routers that have ever connected.
func (c *Collector) Routers() []Router { return c.table.Routers() }

// Peers lists the sessions and tables of the routers that are connected.
func (c *Collector) Peers() []Peer { return c.table.Peers() }
