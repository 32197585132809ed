package openflow

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// ErrLost is wrapped by the errors of exchanges whose connection was closed by
// either end.
var ErrLost = errors.New("connection lost")

// errClosed is the error of exchanges on a connection after Close.
var errClosed = fmt.Errorf("OpenFlow: closed: %w", ErrLost)

func (c *Conn) nextXID() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.xid++
	return c.xid
}

func (c *Conn) register(w waiter) uint32 {
	xid := c.nextXID()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[xid] = w
	return xid
}

func (c *Conn) unregister(xid uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, xid)
}

func (c *Conn) waiting(xid uint32) (waiter, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.pending[xid]
	return w, ok
}

// send writes messages in one piece.
func (c *Conn) send(ctx context.Context, ms ...message) error {
	return c.sendFilled(ctx, 0, func(b []byte, _ uint32) ([]byte, error) {
		for _, m := range ms {
			b = m.appendTo(b)
		}
		return b, nil
	})
}

// sendFilled writes what fill appends, in one piece. A failed write may leave a
// partial message in the stream, so it ends the connection, unless it is known that ctx
// has ended before the first octet: others may have been writing until then.
func (c *Conn) sendFilled(ctx context.Context, xid uint32, fill func(b []byte, xid uint32) ([]byte, error)) error {
	c.write.Lock()
	defer c.write.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("OpenFlow: nothing sent: %w", err)
	}
	deadline, impatient := ctx.Deadline()
	if limit := time.Now().Add(writeTimeout); !impatient || limit.Before(deadline) {
		deadline, impatient = limit, false
	}
	b, err := fill(c.buf[:0], xid)
	if err != nil {
		return err
	}
	c.buf = b
	if err := c.sock.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("OpenFlow: %w", err)
	}
	if n, err := c.sock.Write(b); err != nil {
		if n > 0 || !impatient || !errors.Is(err, os.ErrDeadlineExceeded) {
			c.sock.Close()
		}
		return fmt.Errorf("OpenFlow: %w", err)
	}
	return nil
}

// read handles what the switch sends until the connection ends.
func (c *Conn) read() {
	defer close(c.done)
	r := bufio.NewReaderSize(c.sock, 1<<16)
	for {
		m, err := readMessage(r)
		if err == nil {
			err = c.handle(m)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

func (c *Conn) fail(err error) {
	c.sock.Close()
	switch {
	case errors.Is(err, net.ErrClosed):
		err = errClosed
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("OpenFlow: the switch closed the connection: %w", ErrLost)
	default:
		err = fmt.Errorf("OpenFlow: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *Conn) handle(m message) error {
	switch m.kind {
	case typeEchoRequest:
		return c.send(context.Background(), message{kind: typeEchoReply, xid: m.xid, body: m.body})
	case typePacketIn:
		p, err := decodePacketIn(m.body)
		if err != nil {
			return err
		}
		c.handler.PacketIn(p)
		return nil
	}
	if w, ok := c.waiting(m.xid); ok {
		if m.kind == typeError {
			select {
			case w.replies <- m:
			default: // there are enough
			}
			return nil
		}
		select {
		case w.replies <- m:
		case <-w.left:
		}
		return nil
	}
	if m.kind == typeError {
		return c.strayError(m.body)
	}
	return nil
}

// strayError reports an error that no exchange waits for. After the error the
// switch quotes the message that it refuses. Only packet-outs are sent without
// waiting, and a refused hello means that there is no common version.
func (c *Conn) strayError(b []byte) error {
	e, err := decodeError(b)
	if err != nil {
		return err
	}
	if e.kind == errorHelloFailed {
		return fmt.Errorf("the bridge does not speak OpenFlow 1.3: %w", e)
	}
	if len(e.quoted) > 1 && e.quoted[1] == typePacketOut {
		c.handler.Error(fmt.Errorf("packet-out: %w", e))
	}
	return nil
}
