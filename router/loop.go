package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/monitor"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/admit"
	"pseudowan/router/bfd"
	"pseudowan/router/border"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/lsp"
	"pseudowan/router/transport"
	"pseudowan/router/vrf"
	"pseudowan/status"
)

// loop is the state of a running router. It belongs to the goroutine of run; other
// goroutines send calls.
type loop struct {
	log     *slog.Logger
	cfg     config.Router
	started identity

	carriers *kernel.Carriers
	fib      *fib.Table
	links    *transport.Links
	lsps     *lsp.Table
	admit    *admit.Table
	border   *border.Table
	ports    *access.Ports
	vrfs     *vrf.Tables
	ces      *ce.Table
	hub      *monitor.Hub // safe for concurrent use
	peers    map[netip.Addr]bgp.PeerState

	event    func(kind status.EventKind, text string) // tells what happens
	news     news
	fallover fallover
	liveness liveness
	tracking tracking
	divert   func([]pipeline.Flow)                // brings diversions into the switch at once; nil if there is none
	inject   func(vrf uint32, frame []byte) error // sends a packet of the router itself; nil if there is no switch
	ends     ends                                 // which peers have sent all their routes
	memory   memoryFile
	beat     beat
	quiet    quiet
	recovery *recovery // nil if there is none
	probes   probes    // echo requests under way

	timer   *time.Timer
	changed chan struct{} // closed and replaced at the end of each turn

	// The following are also used by other goroutines.

	calls      chan func()
	questions  chan func() // calls that change nothing, and thus are no turns
	commits    chan commit
	restart    chan struct{}  // asks the loop to end for a fresh start
	ended      chan struct{}  // closed when the loop has ended
	background sync.WaitGroup // goroutines that the loop has started
}

// newLoop returns the state of a router without a configuration. ask makes the kernel
// resolve a neighbour.
func newLoop(log *slog.Logger, cfg config.Router, ask transport.Ask) *loop {
	l := &loop{
		log: log, cfg: config.Router{Router: cfg.Router}, started: startedWith(cfg, ""),
		carriers: kernel.NewCarriers(), fib: fib.New(), peers: map[netip.Addr]bgp.PeerState{}, ends: ends{},
		event: func(status.EventKind, string) {},
		timer: time.NewTimer(time.Hour), changed: make(chan struct{}),
		calls: make(chan func()), questions: make(chan func()), commits: make(chan commit), restart: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	l.timer.Stop()
	l.admit = admit.New(l.fib)
	l.news = news{tell: func(kind status.EventKind, text string) { l.event(kind, text) }, hops: map[netip.Addr]bool{}}
	l.links = transport.New(log, l.fib, l.carriers, ask)
	l.ports = access.New(log, l.fib)
	l.vrfs = vrf.New(log, l.fib, l.carriers, l.links, l.ports)
	l.hub = newHub(cfg, log)
	l.lsps = lsp.New(log, l.fib, l.links, &l.vrfs.Labels)
	l.border = border.New(log, l.fib, l.links, &l.vrfs.Labels)
	l.ces = ce.NewTable(log, l.fib, l.ports, l.vrfs)
	return l
}

// name returns the router's name.
func (l *loop) name() string { return l.cfg.Router }

// commit is the end of a batch of flow changes.
type commit struct {
	fib.Batch
	corrected int
	err       error
}

// errKernelSilent ends an agent that no longer hears of carriers; the next one asks
// for all of them.
var errKernelSilent = errors.New("the kernel's messages about links and neighbours have ended")

// errRestart ends an agent whose new configuration needs a fresh start.
var errRestart = errors.New("the configuration needs a fresh start")

// parts are the sources of the loop's events.
type parts struct {
	sw      *ovs.Switch
	speaker *bgp.Speaker
	core    *bgp.Speaker // of labelled routes; nil: the router has no transport
	kernel  *kernel.Watch
	bfd     *bfd.Process
	rebuilt func(config.Router) // called outside the loop when ports were made again
}

// cutOff tells the speakers which peers cannot be reached.
func (p parts) cutOff(peers map[netip.Addr]string) {
	p.speaker.CutOff(peers)
	if p.core != nil {
		p.core.CutOff(peers)
	}
}

// run serves events until ctx ends or a part of the router dies.
func (l *loop) run(ctx context.Context, p parts) error {
	defer close(l.ended)
	due := newDue()
	defer due.timer.Stop()
	remember := time.NewTimer(0)
	defer remember.Stop()
	waits := true // for remember
	l.fallover.cut = p.cutOff
	var coreEvents <-chan []bgp.Event
	if p.core != nil {
		coreEvents = p.core.Events()
	}
	l.fallover.cutCE = (*ce.Speaker).CutOff
	l.divert = func(flows []pipeline.Flow) { l.commitNow(ctx, p.sw, flows) }
	l.inject = p.sw.Inject
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.sw.Done():
			return fmt.Errorf("the router's Open vSwitch has ended: %w", p.sw.Err())
		case <-l.restart:
			return errRestart
		case <-due.timer.C:
			l.beat.tick(time.Now())
			l.rest(time.Now())
			l.news.flush(time.Now())
			l.links.Solicit(l.lsps.NextHops(l.vrfs.NextHops()))
			due.next(l.busy())
		case <-remember.C:
			waits = false
			l.lookBack(ctx, time.Now(), p)
			l.remember()
		case <-l.timer.C:
			l.ports.Tick(time.Now()) // and endTurn tracks the core
		case call := <-l.calls:
			call()
		case question := <-l.questions:
			question()
			continue
		case c := <-l.commits:
			if c.err != nil {
				return fmt.Errorf("program the switch: %w", c.err)
			}
			l.fib.Done(c.Batch, c.corrected)
		case <-l.more():
			l.fib.RunReady()
		case events := <-p.speaker.Events():
			l.bgpEvents(events)
		case events := <-coreEvents:
			l.routerEvents(events, l.lsps.Hear)
		case changes := <-p.bfd.Changes():
			l.livenessChanges(changes)
		case packet := <-p.sw.PacketIns():
			l.punt(packet)
		case err := <-p.sw.Faults():
			l.log.Warn("OpenFlow", "error", err)
		case err := <-p.kernel.Trouble:
			l.log.Warn("netlink", "error", err)
		case u, ok := <-p.kernel.Links:
			if !ok {
				return errKernelSilent
			}
			l.link(kernel.Link(u))
		case u, ok := <-p.kernel.Neighbors:
			if !ok {
				return errKernelSilent
			}
			if e, ok := kernel.Neighbor(u); ok {
				l.links.Hear(e)
			}
		case <-p.sw.Rebuilt():
			cfg := l.cfg
			l.background.Go(func() { p.rebuilt(cfg) })
		}
		l.endTurn(ctx, p.sw)
		due.hurry(l.busy())
		if !waits && (l.memory.stale || l.recovery != nil) {
			waits = true
			remember.Reset(rememberEvery)
		}
	}
}

// atAnyTime is a channel that can always be received from.
var atAnyTime = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// more returns a channel that is ready while functions wait to be called.
func (l *loop) more() <-chan struct{} {
	if l.fib.Ready() {
		return atAnyTime
	}
	return nil
}

// rest gives memory back when there is nothing to do.
func (l *loop) rest(now time.Time) {
	l.quiet.tick()
	if !l.fib.Pending() && l.quiet.due(now) {
		l.background.Go(debug.FreeOSMemory)
	}
}

// endTurn applies the changes of a turn, sets the timer, and wakes the goroutines
// that wait for a change.
func (l *loop) endTurn(ctx context.Context, sw fib.Switch) {
	l.settle()
	if b, ok := l.fib.Take(); ok {
		l.background.Go(func() {
			corrected, err := b.Commit(ctx, sw)
			select {
			case l.commits <- commit{b, corrected, err}:
			case <-l.ended:
			}
		})
	}
	l.setTimer(time.Now())
	close(l.changed)
	l.changed = make(chan struct{})
}

// setTimer sets the timer to when something is due on ports.
func (l *loop) setTimer(now time.Time) {
	at, ok := l.ports.Next()
	if next, due := l.tracking.tracker.Next(now); due && (!ok || next.Before(at)) {
		at, ok = next, true
	}
	if ok {
		l.timer.Reset(at.Sub(now))
	} else {
		l.timer.Stop()
	}
}

// settle brings everything in line with the changes of a turn: first the tables, then
// the flows, then the announcements to other routers and CEs.
func (l *loop) settle() {
	l.divertNow()
	l.settleTables()
	l.border.Settle()
	l.track(time.Now())
	if l.recovery == nil {
		l.vrfs.Labels.PreferNone()
	}
	changed := l.vrfs.Program()
	l.observe(changed)
	l.routeNews(time.Now(), changed)
	if l.vrfs.Speak(changed) {
		l.ces.TellAnew()
	} else {
		l.ces.Tell(changed)
	}
}

// settleTables updates the tables for neighbours and next hops that have changed.
func (l *loop) settleTables() {
	for { // the routes of CEs may need other neighbours
		moved, hops := l.ports.Changed(), l.links.Changed()
		if len(moved)+len(hops) == 0 && !l.lsps.Pending() {
			break
		}
		l.adjacencyNews(time.Now(), moved, hops)
		l.lsps.Follow(hops)
		l.lsps.Settle()
		for _, k := range moved {
			l.vrfs.FollowNeighbor(k)
			l.ces.FollowNeighbor(k)
			l.memory.stale = true
		}
		l.vrfs.FollowNextHops(hops)
		l.border.Follow(hops)
	}
	if l.vrfs.Labels.Fresh() {
		l.memory.stale = true
	}
}

// link notes a change of an interface.
func (l *loop) link(e kernel.LinkEvent) {
	delete(l.tracking.asked, e.Name)
	l.followCarriers(l.carriers.Hear(e))
}

func (l *loop) followCarriers(names []string) {
	l.cut()
	for _, name := range names {
		l.event(status.EventPort, "interface "+name+" is "+string(upOrDown(l.carriers.Up(name))))
		for _, p := range l.ports.All() {
			if p.Name == name {
				l.accessCarrier(p, l.carriers.Up(name))
			}
		}
		l.links.Carrier(name)
	}
	l.fallOver()
}

func (l *loop) accessCarrier(p *access.Port, up bool) {
	l.vrfs.FollowCarrier(p, up)
	l.ports.Carrier(time.Now(), p, up)
}

// bgpEvents handles the events of sessions with VPN routes.
func (l *loop) bgpEvents(events []bgp.Event) {
	l.routerEvents(events, func(u bgp.RouteUpdate) {
		u.Route = u.Route.Shunned()
		l.vrfs.Hear(u)
		l.border.Hear(u)
	})
}

// routerEvents handles the events of sessions with other routers, whose routes are for
// hear.
func (l *loop) routerEvents(events []bgp.Event, hear func(bgp.RouteUpdate)) {
	l.quiet.note(len(events), time.Now())
	for _, e := range events {
		switch e := e.(type) {
		case bgp.RouteUpdate:
			hear(e)
		case bgp.EndOfRIB:
			l.ends.heard(peering{addr: e.Peer}, e.Family)
		case bgp.PeerChange:
			l.peerChange(peering{addr: e.Peer.Address}, l.peers, e)
		}
	}
}

// ceEvents handles the events of a CE's sessions, unless the CE is gone.
func (l *loop) ceEvents(from *ce.Speaker, events []bgp.Event) {
	l.quiet.note(len(events), time.Now())
	c := l.ces.Of(from)
	if c == nil {
		return
	}
	for _, e := range events {
		switch e := e.(type) {
		case bgp.RouteUpdate:
			l.ces.Hear(c, e)
		case bgp.EndOfRIB:
			l.ends.heard(peering{c.Port.Port, e.Peer}, e.Family)
		case bgp.PeerChange:
			l.peerChange(peering{c.Port.Port, e.Peer.Address}, c.Peers, e)
		}
	}
}

func (l *loop) peerChange(s peering, peers map[netip.Addr]bgp.PeerState, e bgp.PeerChange) {
	l.memory.stale = true
	l.ends.state(s, e.Peer)
	l.peerEvent(peers[e.Peer.Address], e)
	peers[e.Peer.Address] = e.Peer
	if e.Removed {
		delete(peers, e.Peer.Address)
	}
}
