package openflow

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeTimeout bounds a write if the caller has no earlier deadline: a switch
// that does not read for so long is considered dead.
const writeTimeout = 5 * time.Second

// Handler handles what the switch sends unsolicited. Its functions run on the
// reading goroutine, one at a time, and must not block or use the Conn.
type Handler struct {
	PacketIn func(PacketIn) // may keep the frame
	Error    func(error)    // the switch refused a packet-out
}

// Conn is one connection to a bridge. Its methods may be used from several
// goroutines.
type Conn struct {
	sock    net.Conn
	handler Handler
	done    chan struct{}

	write sync.Mutex
	buf   []byte

	mu      sync.Mutex
	xid     uint32
	pending map[uint32]waiter
	err     error
}

// waiter is one exchange that waits for replies until left is closed.
type waiter struct {
	replies chan<- message
	left    <-chan struct{}
}

// Dial connects to a bridge's management socket and asks for packet-ins. To Open
// vSwitch it is a "service" connection, which receives nothing unsolicited until
// it has set a miss_send_len.
func Dial(ctx context.Context, path string, h Handler) (*Conn, error) {
	var d net.Dialer
	sock, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("OpenFlow: %w", err)
	}
	c := &Conn{sock: sock, handler: h, done: make(chan struct{}), pending: make(map[uint32]waiter)}
	if err := c.send(ctx, message{kind: typeHello}); err != nil {
		sock.Close()
		return nil, err
	}
	go c.read()
	config := message{kind: typeSetConfig, body: []byte{0, 0, 0xff, 0xff}}
	if err := c.request(ctx, config); err != nil {
		c.Close()
		return nil, fmt.Errorf("OpenFlow: configure %s: %w", path, err)
	}
	return c, nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	err := c.sock.Close()
	<-c.done
	return err
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the connection has ended. It is nil before.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// PacketOut sends a packet that Output or Resubmit built. The switch answers
// only if it refuses the packet: see Handler.Error.
func (c *Conn) PacketOut(body []byte) error {
	return c.send(context.Background(), message{kind: typePacketOut, xid: c.nextXID(), body: body})
}

// Barrier returns when the switch has processed all earlier messages (section
// 7.3.8).
func (c *Conn) Barrier(ctx context.Context) error { return c.request(ctx) }

// request sends messages that are answered only if they fail, and returns when
// the switch has processed them all (section 7.3.8).
func (c *Conn) request(ctx context.Context, ms ...message) error {
	ms = append(ms, message{kind: typeBarrierRequest})
	return c.exchange(ctx, ms, func(r message) (bool, error) {
		return r.kind == typeBarrierReply, nil
	})
}

// exchange sends messages under one transaction ID and hands the replies to
// reply until that returns true. An error message ends the exchange.
func (c *Conn) exchange(ctx context.Context, ms []message, reply func(message) (last bool, err error)) error {
	return c.converse(ctx, func(b []byte, xid uint32) ([]byte, error) {
		for _, m := range ms {
			m.xid = xid
			b = m.appendTo(b)
		}
		return b, nil
	}, reply)
}

// converse is exchange with messages that fill appends, which has to give them the
// transaction ID. If fill fails, nothing is sent.
func (c *Conn) converse(ctx context.Context, fill func(b []byte, xid uint32) ([]byte, error), reply func(message) (last bool, err error)) error {
	// The reader must not wait for an exchange that is still writing: a switch that
	// nobody reads from stops reading, too. Only refusals come that early, and the
	// first one ends the exchange.
	replies := make(chan message, 16)
	left := make(chan struct{})
	defer close(left)
	xid := c.register(waiter{replies, left})
	defer c.unregister(xid)
	if err := c.sendFilled(ctx, xid, fill); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("OpenFlow: waiting for the switch: %w", ctx.Err())
		case <-c.done:
			return c.Err()
		case m := <-replies:
			if m.kind == typeError {
				e, err := decodeError(m.body)
				if err != nil {
					return err
				}
				return e
			}
			if last, err := reply(m); last || err != nil {
				return err
			}
		}
	}
}
