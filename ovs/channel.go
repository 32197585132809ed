package ovs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// redial is the pause between attempts to reconnect.
const redial = 4 * time.Millisecond

// PacketIn is a packet that the pipeline handed to the slow path.
type PacketIn struct {
	Reason    pipeline.Reason
	Port      uint32 // ingress port; openflow.PortController for an injected packet
	VRF       uint32 // 0 if not known yet
	Adjacency uint32 // for ReasonResolve, and if the label stands for one
	Popped    uint32 // for ReasonEcho, the label that was popped; 0: none, or a null
	Frame     []byte // the Ethernet frame, labels popped, otherwise as it arrived
}

// channel keeps the OpenFlow connection to the bridge.
type channel struct {
	socket  string
	conn    atomic.Pointer[openflow.Conn]
	packets chan PacketIn
	queue   *fairQueue
	faults  chan error

	cancel context.CancelFunc
	ended  chan struct{} // closed by keep
	handed chan struct{} // closed by hand
}

func openChannel(ctx context.Context, socket string) (*channel, error) {
	run, cancel := context.WithCancel(context.Background())
	c := &channel{
		socket:  socket,
		packets: make(chan PacketIn),
		queue:   newFairQueue(),
		faults:  make(chan error, 16),
		cancel:  cancel,
		ended:   make(chan struct{}),
		handed:  make(chan struct{}),
	}
	if err := c.dial(ctx); err != nil {
		cancel()
		return nil, err
	}
	go c.keep(run)
	go c.hand(run)
	return c, nil
}

func (c *channel) dial(ctx context.Context) error {
	conn, err := openflow.Dial(ctx, c.socket, openflow.Handler{
		PacketIn: c.packetIn,
		Error:    c.fault,
	})
	if err != nil {
		return err
	}
	c.conn.Store(conn)
	return nil
}

// keep redials whenever the connection is lost.
func (c *channel) keep(ctx context.Context) {
	defer close(c.ended)
	for {
		conn := c.conn.Load()
		select {
		case <-ctx.Done():
			conn.Close()
			return
		case <-conn.Done():
			c.fault(conn.Err())
		}
		for c.dial(ctx) != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(redial):
			}
		}
		c.fault(fmt.Errorf("OpenFlow: reconnected: packets in between are lost"))
	}
}

// change changes flows. If the connection is lost meanwhile, it does so again on the
// next one: the same change twice is no error.
func (c *channel) change(ctx context.Context, p portion) error {
	add, remove := allOnWire(p.add), allOnWire(p.remove)
	for {
		conn := c.conn.Load()
		do := conn.Apply
		if p.atomic {
			do = conn.Change
		}
		err := do(ctx, add, remove)
		if !Lost(err) || !c.redialed(ctx, conn) {
			return err
		}
	}
}

// redialed waits a moment for another connection than the lost one.
func (c *channel) redialed(ctx context.Context, lost *openflow.Conn) bool {
	const patience = time.Second // a daemon that is being replaced may take longer
	limit := time.After(patience)
	for c.conn.Load() == lost {
		select {
		case <-time.After(redial):
		case <-limit:
			return false
		case <-c.ended:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (c *channel) close() {
	c.cancel()
	<-c.ended
	<-c.handed
}

// hand delivers the packets, and takes the next only when the one before has
// been received.
func (c *channel) hand(ctx context.Context) {
	defer close(c.handed)
	for {
		p, ok := c.queue.pop(ctx)
		if !ok {
			return
		}
		select {
		case c.packets <- p:
		case <-ctx.Done():
			return
		}
	}
}

// packetIn queues a packet. One without a reason is not from the pipeline: a
// bridge without flows sends up whatever misses.
func (c *channel) packetIn(p openflow.PacketIn) {
	if p.Reg[3] == 0 {
		return
	}
	in := PacketIn{
		Reason: pipeline.Reason(p.Reg[3]), Port: p.InPort,
		VRF: uint32(p.Metadata), Adjacency: p.Reg[1], Frame: p.Frame,
	}
	if in.Reason == pipeline.ReasonEcho {
		in.Popped = p.Reg[9]
	}
	c.queue.push(in)
}

func (c *channel) fault(err error) {
	select {
	case c.faults <- err:
	default:
	}
}

// Lost reports whether err is a lost connection to one of the daemons. The
// daemon is being replaced, and the request may be repeated.
func Lost(err error) bool {
	for _, lost := range []error{openflow.ErrLost, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}
