package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"pseudowan/bgp"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// reactor is a running router. All its state belongs to the goroutine of
// loop; everybody else hands in calls.
type reactor struct {
	log     *slog.Logger
	sw      *ovs.Switch
	speaker *bgp.Speaker
	kernel  *kernel.Watch

	// What the decisions below lead to: the same three, as narrow as it gets.
	frames    sender
	announcer announcer
	ask       func(link int, neighbor netip.Addr) error

	configuring sync.Mutex // held by Configure: one at a time

	name      string
	started   identity // with what the parts were started
	cfg       config.Router
	access    map[uint32]*accessPort // by port number
	core      map[uint32]*corePort   // by port number of the wire
	heard     map[heardKey]kernel.NeighborEvent
	vrfs      map[string]*config.VRF
	carriers  *kernel.Carriers
	neighbors *neighbor.Table
	slow      *slowpath.Router
	adverts   *advertiser
	tables    *bgp.Tables
	wanted    map[neighbor.Key]bool       // neighbours that the configuration names
	connected map[fib.Key]pipeline.Target // routes that follow from the configuration alone
	conflicts map[neighbor.Key]time.Time  // when a claim of an address of ours was logged last
	hostPorts map[fib.Key]uint32          // ports of the neighbours that are up
	best      map[fib.Key]*bgp.Path       // best routes of the VRF tables
	spread    map[fib.Key][]*bgp.Path     // all equally good ones, where there is more than one
	local     map[localKey]bgp.LocalRoute
	speech    speech
	peers     map[netip.Addr]bgp.PeerState
	fib       *fib.Table

	// What has changed in this turn of the loop.

	moved []neighbor.Key   // customers' addresses that came, went or moved, in order
	dirty map[fib.Key]bool // prefixes to program and to announce
	anew  bool             // everything is to be announced anew

	customers map[uint32]*customer // by access port
	labels    labels               // of customers' routes
	ends      ends                 // what the peers have told to the end
	memory    memoryFile
	beat      beat
	recovery  *recovery   // nil where nothing is recovered
	recovers  atomic.Bool // the same, for Configure

	inside    func(namespace string, f func() error) error
	socketDir string

	calls    chan func()
	commits  chan commit
	handedIn chan struct{} // closed when a configuration was handed in
	handIn   sync.Once
	restart  chan struct{} // asks the loop to end, for a fresh start
	changed  chan struct{} // closed and made anew whenever state has changed
	ended    chan struct{} // closed when the loop has ended
	timer    *time.Timer
}

// sender takes frames to the customers.
type sender interface {
	Output(port uint32, frame []byte) error
	Inject(vrf uint32, frame []byte) error
}

// announcer tells other routers of routes.
type announcer interface {
	Announce(ctx context.Context, routes []bgp.Route) error
	Withdraw(ctx context.Context, routes []bgp.Route) error
}

// accessPort is a customer's port with what follows from its configuration.
type accessPort struct {
	config.Access
	mac net.HardwareAddr
	vrf *config.VRF
}

// corePort is a link to other routers.
type corePort struct {
	config.Core
	mac       net.HardwareAddr
	link      int // ifindex of the BGP port
	neighbors map[netip.Addr]kernel.NeighborEvent
	wanted    map[netip.Addr]bool // next hops of routes
}

// commit is the end of a batch of flow changes.
type commit struct {
	fib.Batch
	corrected int
	err       error
}

// errKernelSilent ends an agent that would not hear of carriers any more; the
// next one asks for all of them.
var errKernelSilent = errors.New("the kernel's messages about links and neighbours have ended")

// errRestart ends an agent whose new configuration needs a fresh start.
var errRestart = errors.New("the configuration needs a fresh start")

// solicitInterval is how often the kernel is asked again for a next hop that
// does not answer.
const solicitInterval = time.Second

// loop serves events until ctx ends or a part of the router dies.
func (r *reactor) loop(ctx context.Context) error {
	defer close(r.ended)
	solicit := time.NewTicker(solicitInterval)
	defer solicit.Stop()
	remember := time.NewTicker(rememberEvery)
	defer remember.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.sw.Done():
			return fmt.Errorf("the Open vSwitch of the router has ended: %w", r.sw.Err())
		case err := <-r.kernel.Trouble:
			r.log.Warn("netlink", "error", err)
		case <-r.restart:
			return errRestart
		case call := <-r.calls:
			call()
		case err := <-r.sw.Faults():
			r.log.Warn("OpenFlow", "error", err)
		case p := <-r.sw.PacketIns():
			r.punt(p)
		case events := <-r.speaker.Events():
			r.bgpEvents(events)
		case u, ok := <-r.kernel.Links:
			if !ok {
				return errKernelSilent
			}
			r.link(kernel.Link(u))
		case u, ok := <-r.kernel.Neighbors:
			if !ok {
				return errKernelSilent
			}
			if e, ok := kernel.Neighbor(u); ok {
				r.coreNeighbor(e)
			}
		case c := <-r.commits:
			if err := r.committed(c); err != nil {
				return err
			}
		case <-r.timer.C:
			r.tick(time.Now())
		case <-solicit.C:
			r.solicitAll()
		case <-r.sw.Rebuilt():
			go r.configureAgain(ctx, r.cfg)
		case <-remember.C:
			r.beat.tick(time.Now())
			r.lookBack(time.Now())
			r.remember()
		}
		r.settle(ctx)
	}
}

// committed takes note of the end of a batch of flow changes.
func (r *reactor) committed(c commit) error {
	if c.err != nil {
		return fmt.Errorf("program the switch: %w", c.err)
	}
	r.fib.Done(c.Batch, c.corrected)
	return nil
}

// settle ends every turn of the loop: what has changed takes effect, the timer
// is set, and those who wait for a change are woken.
func (r *reactor) settle(ctx context.Context) {
	r.update()
	if b, ok := r.fib.Take(); ok {
		go func() {
			corrected, err := b.Commit(ctx, r.sw)
			select {
			case r.commits <- commit{b, corrected, err}:
			case <-r.ended:
			}
		}()
	}
	if at, ok := r.nextTick(); ok {
		r.timer.Reset(time.Until(at))
	} else {
		r.timer.Stop()
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// tick does what is due by the clock.
func (r *reactor) tick(now time.Time) {
	r.neighborActions(r.neighbors.Tick(now))
	r.advertise(now)
}

// nextTick is when tick has something to do; ok is false where nothing is due
// ever.
func (r *reactor) nextTick() (at time.Time, ok bool) {
	at, ok = r.neighbors.Next()
	if advert, due := r.adverts.next(); due && (!ok || advert.Before(at)) {
		return advert, true
	}
	return at, ok
}
