package look

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/capture"
	"pseudowan/hosts/tap"
	"pseudowan/labs/build"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// CaptureAt asks a site for points.
type CaptureAt struct {
	Points []string // as of CaptureOptions
	VRF    string
}

// Points finds those of the points that are at the site.
func (a *Answers) Points(q CaptureAt, reply *[]capture.Point) error {
	applied, err := store.Applied(a.in.lab.Name)
	if err != nil {
		return err
	}
	o := CaptureOptions{Points: q.Points, Filter: capture.Filter{VRF: q.VRF}}
	points, err := capturePoints(&applied, o)
	*reply = list(points)
	if errors.Is(err, status.ErrNotFound) || errors.Is(err, errNoPoint) {
		return nil // they are at another site
	}
	return err
}

// frames are those that a site has captured and not yet handed over.
type frames struct {
	sockets []socket
	arrived chan capture.Packet
	closed  chan struct{}
	readers sync.WaitGroup
}

// maxFrames bounds what waits for the one who asks. What is beyond it waits in the kernel,
// which counts what it loses.
const maxFrames = 4096

// Capture opens a socket at each of points of the site. Frames hands over what they hear.
func (a *Answers) Capture(points []capture.Point, _ *struct{}) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.frames != nil {
		return errors.New("it is captured already")
	}
	applied, err := store.Applied(a.in.lab.Name)
	if err != nil {
		return err
	}
	b := build.New(&applied, nil)
	for _, h := range a.in.hosts {
		b.Place(h.Name, h.NetNS)
	}
	f := &frames{arrived: make(chan capture.Packet, maxFrames), closed: make(chan struct{})}
	for i, p := range points {
		s, err := tap.Open(b.Path(p.Node), p.Interface)
		if err != nil {
			f.close()
			return fmt.Errorf("capture at %s: %w", p, err)
		}
		f.sockets = append(f.sockets, socket{s, i})
	}
	for _, s := range f.sockets {
		f.readers.Go(func() { f.read(s) })
	}
	a.frames = f
	return nil
}

func (f *frames) read(s socket) {
	for {
		packets, err := s.next()
		if err != nil {
			return
		}
		for _, p := range packets {
			select {
			case f.arrived <- p:
			case <-f.closed:
				return
			}
		}
	}
}

func (f *frames) close() {
	close(f.closed)
	for _, s := range f.sockets {
		s.close()
	}
	f.readers.Wait()
}

// Frames is what a site has captured since the last question.
type Frames struct {
	Packets []capture.Packet // of Point and what a socket knows only
	Lost    int              // since the last question
	Gone    bool             // the site has gone down
}

// framesWait is how long a question about frames waits for one.
const framesWait = time.Second

// Frames waits for frames, not for long.
func (a *Answers) Frames(_ struct{}, reply *Frames) error {
	a.mu.Lock()
	f := a.frames
	a.mu.Unlock()
	if f == nil {
		return errors.New("nothing is captured")
	}
	wait := time.NewTimer(framesWait)
	defer wait.Stop()
	select {
	case p := <-f.arrived:
		reply.Packets = append(reply.Packets, p)
	case <-wait.C:
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
	for len(f.arrived) > 0 && len(reply.Packets) < maxFrames {
		reply.Packets = append(reply.Packets, <-f.arrived)
	}
	for _, s := range f.sockets {
		reply.Lost += s.lost()
		reply.Gone = reply.Gone || s.gone()
	}
	return nil
}

// framesOf is the source of the points of another site.
type framesOf struct {
	site  *remote
	first int // the number of its first point

	mu     sync.Mutex
	missed int
	ended  bool
}

func (e *framesOf) next() ([]capture.Packet, error) {
	f, err := call[Frames](context.Background(), e.site, "Frames", struct{}{}) // close ends it
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missed, e.ended = e.missed+f.Lost, f.Gone
	for i := range f.Packets {
		f.Packets[i].Point += e.first
	}
	return f.Packets, err
}

func (e *framesOf) gone() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ended
}

func (e *framesOf) lost() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.missed
}

func (e *framesOf) close() { e.site.client.Close() }

// settleSites is settleOrder between sites: what has been captured is on its way through
// the cluster's API. Their clocks decide about the order.
const settleSites = time.Second

// Capture is the function of that name, for a lab of several sites. It closes s.
func (s *Sites) Capture(ctx context.Context, o CaptureOptions) (Captured, error) {
	if err := knownVRF(s.lab, o.Filter.VRF); err != nil {
		return Captured{}, err
	}
	c := &capturing{options: o, settle: settleSites, ask: s.names}
	defer c.close()
	at, err := s.points(ctx, o)
	if err != nil {
		return Captured{}, err
	}
	for i, points := range at {
		if len(points) == 0 {
			continue
		}
		if _, err := call[struct{}](ctx, s.all[i], "Capture", points); err != nil {
			return Captured{}, err
		}
		c.sources = append(c.sources, &framesOf{site: s.all[i], first: len(c.points)})
		c.points = append(c.points, points...)
	}
	return c.capture(ctx, s.lab.Name)
}

// points asks all sites for the points. Of a wire between two sites without a name given,
// one end is enough.
func (s *Sites) points(ctx context.Context, o CaptureOptions) ([][]capture.Point, error) {
	ask := func(names ...string) ([][]capture.Point, error) {
		return askAll[[]capture.Point](ctx, s, "Points", CaptureAt{names, o.Filter.VRF})
	}
	if len(o.Points) == 0 {
		at, err := ask()
		return oneEnd(at), err
	}
	out := make([][]capture.Point, len(s.all))
	for _, name := range o.Points {
		at, err := ask(name)
		if err != nil {
			return nil, err
		}
		if len(slices.Concat(at...)) == 0 {
			return nil, status.NotFound(fmt.Sprintf("lab %s has no node, interface or segment %s to capture at", s.lab.Name, name))
		}
		for i := range at {
			for _, p := range at[i] {
				if !slices.Contains(out[i], p) {
					out[i] = append(out[i], p)
				}
			}
		}
	}
	return out, nil
}

// oneEnd leaves out the far ends of wires.
func oneEnd(at [][]capture.Point) [][]capture.Point {
	far := map[string]bool{}
	for i := range at {
		at[i] = slices.DeleteFunc(at[i], func(p capture.Point) bool { return far[p.About] })
		for _, p := range at[i] {
			far[linkTo(p.String())] = true
		}
	}
	return at
}

// names tells what labels and addresses stand for, at all sites.
func (s *Sites) names(ctx context.Context) (capture.Names, error) {
	all, err := askAll[capture.Names](ctx, s, "Names", struct{}{})
	out := capture.Names{Bindings: map[string]map[uint32]capture.Binding{}, Routers: map[string]string{}, Hosts: map[string]map[netip.Addr]string{}, RDs: map[string][]string{}}
	for _, n := range all {
		for router, bindings := range n.Bindings {
			out.Bindings[router] = bindings
		}
		for mac, router := range n.Routers {
			out.Routers[mac] = router
		}
		for vrf, hosts := range n.Hosts {
			if out.Hosts[vrf] == nil {
				out.Hosts[vrf] = map[netip.Addr]string{}
			}
			for a, host := range hosts {
				out.Hosts[vrf][a] = host
			}
		}
		for rd, names := range n.RDs {
			out.RDs[rd] = names
		}
	}
	return out, err
}
