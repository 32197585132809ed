package look

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pseudowan/capture"
	"pseudowan/hosts/tap"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// CaptureOptions select what is captured.
type CaptureOptions struct {
	Lab    string   // "": the only one
	Points []string // NODE:INTERFACE, nodes and segments; none: what the filter's VRF, or the routers have
	Filter capture.Filter
	Count  int           // packets; 0: any number
	For    time.Duration // 0: until ctx ends

	// Begin hears of the points, and returns what gets the packets, in the order of their
	// times; it may return an error to end the capture.
	Begin func(lab string, points []capture.Point) (func([]capture.Packet) error, error)
}

// Captured is the result of Capture.
type Captured struct {
	Packets int
	Lost    int // that came faster than they could be read
}

// settleOrder is how long a packet may be on its way from one of the sockets: so much
// later, all that are older have come.
const settleOrder = 50 * time.Millisecond

// Capture reads packets at several points of a running lab, by one clock. It changes
// nothing, and leaves nothing behind however it ends. It returns when the lab has gone.
func Capture(ctx context.Context, o CaptureOptions) (Captured, error) {
	name, err := pick(ctx, o.Lab)
	if err != nil {
		return Captured{}, err
	}
	c := &capturing{lab: name, options: o}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return Captured{}, err
	}
	if c.emit, err = o.Begin(name, c.points); err != nil {
		return Captured{}, err
	}
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	err = c.run(ctx)
	for _, s := range c.sockets {
		c.done.Lost += int(s.Lost())
	}
	return c.done, err
}

// capturing is a capture under way.
type capturing struct {
	lab     string
	options CaptureOptions
	points  []capture.Point
	sockets []*tap.Socket
	names   capture.Names
	read    time.Time // when the names were
	emit    func([]capture.Packet) error
	waiting []capture.Packet
	done    Captured
}

func (c *capturing) close() {
	for _, s := range c.sockets {
		s.Close()
	}
}

// open finds the points and opens a socket at each.
func (c *capturing) open(ctx context.Context) error {
	applied, err := store.Applied(c.lab)
	if err != nil {
		return fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", c.lab, err)
	}
	found, err := inventory.Of(ctx, c.lab, nil)
	if err != nil {
		return err
	}
	l := newLab(c.lab, found.Namespaces)
	if v := c.options.Filter.VRF; v != "" {
		if err := unknownVRF(c.lab, l.applied, Filter{Selection: status.Selection{VRF: v}}); err != nil {
			return err
		}
	}
	if c.points, err = capturePoints(&applied, c.options); err != nil {
		return err
	}
	b := build.New(&applied, nil)
	for _, s := range found.Hosts {
		if s.Running() {
			b.Place(s.Node, s.NetNS)
		}
	}
	for _, p := range c.points {
		s, err := tap.Open(b.Path(p.Node), p.Interface)
		if err != nil {
			return fmt.Errorf("capture at %s: %w", p, err)
		}
		c.sockets = append(c.sockets, s)
	}
	c.learn(ctx)
	return nil
}

// learn reads the names again. Without an answer of the routers, packets stay unnamed.
func (c *capturing) learn(ctx context.Context) {
	if l, err := Open(ctx, c.lab); err == nil {
		c.names = l.captureNames(ctx)
	}
	c.read = time.Now()
}

// arrival is a frame of a point, or the end of its socket.
type arrival struct {
	point int
	frame tap.Frame
	err   error
}

func (c *capturing) run(ctx context.Context) error {
	arrivals := make(chan arrival, 1024)
	var readers sync.WaitGroup
	defer readers.Wait()
	stop := make(chan struct{})
	defer close(stop)
	defer c.close()
	for i, s := range c.sockets {
		readers.Go(func() {
			for {
				f, err := s.Next()
				select {
				case arrivals <- arrival{i, f, err}:
				case <-stop:
					return
				}
				if err != nil {
					return
				}
			}
		})
	}
	tick := time.NewTicker(settleOrder / 2)
	defer tick.Stop()
	open := len(c.sockets)
	for {
		select {
		case <-ctx.Done():
			return c.last(ctx)
		case a := <-arrivals:
			if a.err != nil {
				if open--; open == 0 { // the interfaces have gone
					return c.last(ctx)
				}
				continue
			}
			c.waiting = append(c.waiting, capture.Packet{Point: a.point, Time: a.frame.Time, Out: a.frame.Out, Data: a.frame.Data})
			continue
		case <-tick.C:
		}
		err := c.flush(ctx, time.Now().Add(-settleOrder))
		switch {
		case errors.Is(err, errEnough), err == nil && slices.ContainsFunc(c.sockets, (*tap.Socket).Gone):
			return nil
		case err != nil:
			return err
		}
	}
}

// last hands over what has come. It may be enough, too.
func (c *capturing) last(ctx context.Context) error {
	if err := c.flush(ctx, time.Now().Add(time.Hour)); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

// errEnough ends a capture that has as many packets as it was asked for.
var errEnough = errors.New("enough packets")

// flush hands over the selected packets up to a time, in their order.
func (c *capturing) flush(ctx context.Context, until time.Time) error {
	slices.SortStableFunc(c.waiting, func(a, b capture.Packet) int { return a.Time.Compare(b.Time) })
	n, _ := slices.BinarySearchFunc(c.waiting, until, func(p capture.Packet, t time.Time) int { return p.Time.Compare(t) })
	var out []capture.Packet
	enough := false
	for _, p := range c.waiting[:n] {
		p = c.named(ctx, p)
		if !c.options.Filter.Selects(c.names, p) {
			continue
		}
		out = append(out, p)
		if c.done.Packets++; c.options.Count > 0 && c.done.Packets == c.options.Count {
			enough = true
			break
		}
	}
	c.waiting = append([]capture.Packet{}, c.waiting[n:]...)
	if len(out) > 0 {
		if err := c.emit(out); err != nil {
			return err
		}
	}
	if enough {
		return errEnough
	}
	return nil
}

// namesAge is how old names may be if a label is not among them.
const namesAge = time.Second

// named says what a packet is. For an unknown label the names are read again.
func (c *capturing) named(ctx context.Context, p capture.Packet) capture.Packet {
	at := c.points[p.Point]
	q := c.names.Read(at, p)
	if len(q.Labels) > 0 && q.VRF == "" && time.Since(c.read) > namesAge && ctx.Err() == nil {
		c.learn(ctx)
		q = c.names.Read(at, p)
	}
	return q
}
