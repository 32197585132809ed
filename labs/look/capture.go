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
	c := &capturing{options: o, settle: settleOrder, ask: func(ctx context.Context) (capture.Names, error) {
		l, err := Open(ctx, name)
		if err != nil {
			return capture.Names{}, err
		}
		return l.captureNames(ctx), nil
	}}
	defer c.close()
	if err := c.open(ctx, name); err != nil {
		return Captured{}, err
	}
	return c.capture(ctx, name)
}

// capturing is a capture under way.
type capturing struct {
	options CaptureOptions
	points  []capture.Point
	sources []source
	settle  time.Duration                                // see settleOrder
	ask     func(context.Context) (capture.Names, error) // what labels and addresses stand for
	names   capture.Names
	read    time.Time // when the names were
	emit    func([]capture.Packet) error
	waiting []capture.Packet
	done    Captured
}

func (c *capturing) close() {
	for _, s := range c.sources {
		c.done.Lost += s.lost() // which nobody knows afterwards
		s.close()
	}
	c.sources = nil
}

// open finds the points of a lab on this server and opens a socket at each.
func (c *capturing) open(ctx context.Context, lab string) error {
	applied, err := store.Applied(lab)
	if err != nil {
		return fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", lab, err)
	}
	found, err := inventory.Of(ctx, lab, nil)
	if err != nil {
		return err
	}
	if err := knownVRF(newLab(lab, found.Namespaces), c.options.Filter.VRF); err != nil {
		return err
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
	for i, p := range c.points {
		s, err := tap.Open(b.Path(p.Node), p.Interface)
		if err != nil {
			return fmt.Errorf("capture at %s: %w", p, err)
		}
		c.sources = append(c.sources, socket{s, i})
	}
	return nil
}

// knownVRF returns an error if a lab does not have the VRF of a filter.
func knownVRF(l *Lab, vrf string) error {
	if vrf == "" {
		return nil
	}
	return unknownVRF(l.Name, l.applied, Filter{Selection: status.Selection{VRF: vrf}})
}

// learn reads the names again. Without an answer of the routers, packets stay unnamed.
func (c *capturing) learn(ctx context.Context) {
	if names, err := c.ask(ctx); err == nil {
		c.names = names
	}
	c.read = time.Now()
}

// arrival is what a source has, or its end.
type arrival struct {
	packets []capture.Packet
	err     error
}

// capture hands over the packets of all sources until ctx ends, or all sources have.
func (c *capturing) capture(ctx context.Context, lab string) (_ Captured, err error) {
	c.learn(ctx)
	if c.emit, err = c.options.Begin(lab, c.points); err != nil {
		return Captured{}, err
	}
	if c.options.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.options.For)
		defer cancel()
	}
	err = c.run(ctx)
	return c.done, err
}

func (c *capturing) run(ctx context.Context) error {
	arrivals := make(chan arrival, 1024)
	var readers sync.WaitGroup
	defer readers.Wait()
	stop := make(chan struct{})
	defer close(stop)
	defer c.close()
	for _, s := range c.sources {
		readers.Go(func() { readAll(s, arrivals, stop) })
	}
	tick := time.NewTicker(c.settle / 2)
	defer tick.Stop()
	var ends []error
	for {
		select {
		case <-ctx.Done():
			return c.end(ctx, ends)
		case a := <-arrivals:
			if a.err == nil {
				c.waiting = append(c.waiting, a.packets...)
			} else if ends = append(ends, a.err); len(ends) == len(c.sources) { // the interfaces have gone
				return c.end(ctx, ends)
			}
			continue
		case <-tick.C:
		}
		err := c.flush(ctx, time.Now().Add(-c.settle))
		switch {
		case errors.Is(err, errEnough), err == nil && slices.ContainsFunc(c.sources, source.gone):
			return nil
		case err != nil:
			return err
		}
	}
}

// end hands over what has come, and says what has ended by itself.
func (c *capturing) end(ctx context.Context, ends []error) error {
	err := c.last(ctx)
	if lost := told(ends); lost != nil {
		err = errors.Join(err, lost)
	}
	return err
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
