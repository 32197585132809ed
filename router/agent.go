package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"pseudowan/bgp"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/admit"
	"pseudowan/router/bfd"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/meter"
	"pseudowan/router/slowpath"
	"pseudowan/router/transport"
)

const (
	bridgeName = "br0"
	defaultMTU = 1500
)

// agent is a router's process. Its fields are set before it serves.
type agent struct {
	log        *slog.Logger
	name       string // the router's
	loop       *loop
	sw         *ovs.Switch
	speaker    *bgp.Speaker
	core       *bgp.Speaker // of labelled routes; nil: the router has no transport
	kernel     *kernel.Watch
	bfd        *bfd.Process
	inside     func(namespace string, f func() error) error
	processors func() int  // nil: all
	started    identity    // that the parts were started with
	recovers   atomic.Bool // a recovery is under way

	configuring sync.Mutex  // one Configure at a time; guards speakers
	speakers    ce.Speakers // of the CEs

	handedIn chan struct{} // closed when a configuration was handed in
	handIn   sync.Once
}

// Configure brings the router from its present state to that of cfg. It may be
// repeated: it replaces ports whose wire was made again, and leaves everything else
// that is right alone.
func (a *agent) Configure(ctx context.Context, cfg config.Router) error {
	if startedWith(cfg, a.started.datapath) != a.started {
		return a.askRestart()
	}
	a.configuring.Lock()
	defer a.configuring.Unlock()
	if a.processors != nil {
		if n := a.processors(); n != runtime.GOMAXPROCS(0) {
			runtime.GOMAXPROCS(n)
		}
	}
	next, err := read(cfg)
	if err != nil {
		return err
	}
	a.loop.hub.Dismiss(a.stations(cfg)) // first: the flows of their connections go
	if err := a.switchPorts(ctx, next); err != nil {
		return err
	}
	if err := transport.ConfigureKernel(next.core); err != nil {
		return err
	}
	if err := errors.Join(a.configureOutlets(cfg), configureLoopback(cfg)); err != nil {
		return err
	}
	a.configureTables(cfg)
	if next.speakers, err = a.speakers.Configure(ctx, cfg, next.access, a.recovers.Load()); err != nil {
		return err
	}
	errs, err := inLoop(ctx, a.loop, func() error {
		fresh, err := a.loop.configure(next)
		for _, s := range fresh {
			a.speakers.Listen(s)
		}
		return err
	})
	if err != nil || errs != nil {
		return errors.Join(err, errs)
	}
	// The speaker comes last: if an ARP request is lost because its flows are not
	// in the switch yet, the kernel repeats it only a second later. During a
	// recovery, the flows wait for what the sessions bring.
	if !a.recovers.Load() {
		if err := a.finishFlows(ctx, cfg); err != nil {
			return err
		}
	}
	if !passesOn(cfg) { // which needs the routes of all
		a.speaker.SetImports(imports(cfg))
	}
	if err := a.setNeighbors(ctx, cfg); err != nil {
		return err
	}
	a.bfd.Configure(ctx, watched(cfg))
	return a.configureMonitor(ctx, cfg)
}

// finishFlows waits until the switch has all wanted flows, and removes the meters
// that are no longer used.
func (a *agent) finishFlows(ctx context.Context, cfg config.Router) error {
	if err := a.programmed(ctx); err != nil {
		return err
	}
	return a.sw.KeepMeters(ctx, meter.All(cfg)...)
}

// configuration is a config.Router and what follows from it.
type configuration struct {
	config.Router
	access   map[uint32]*access.Port
	core     map[uint32]*transport.Port
	slow     *slowpath.Router
	speakers map[uint32]*ce.Speaker // by access port
	outlets  []pipeline.Flow
	loopback []pipeline.Flow
}

func read(cfg config.Router) (c configuration, err error) {
	c.Router = cfg
	if c.access, err = access.PortsOf(cfg); err != nil {
		return c, err
	}
	if c.slow, err = access.SlowPath(c.access, cfg); err != nil {
		return c, err
	}
	if c.outlets, err = outlets(cfg); err != nil {
		return c, err
	}
	if c.core, err = transport.Ports(cfg.Core); err != nil {
		return c, err
	}
	for _, p := range c.core {
		p.Guarded = admit.Guards(cfg, p.Core)
		p.Echo = cfg.Transport != nil && leadsToLoopback(cfg, p.Core)
	}
	c.loopback, err = loopback(cfg, c.core)
	return c, err
}

// askRestart ends the agent, so that it is started again.
func (a *agent) askRestart() error {
	select {
	case a.loop.restart <- struct{}{}:
	default:
	}
	return errRestart
}

// programmed waits until the switch has all flows that are wanted now.
func (a *agent) programmed(ctx context.Context) error {
	_, err := whenCommitted(ctx, a.loop, func(done chan<- struct{}) {
		a.loop.fib.Then(func() { done <- struct{}{} })
	})
	return err
}

// correctFlows corrects the flows that somebody else has changed in the switch, and
// returns their number.
func (a *agent) correctFlows(ctx context.Context) (int, error) {
	n, err := whenCommitted(ctx, a.loop, func(done chan<- int) {
		a.loop.fib.Audit(func(n int) { done <- n })
	})
	if n > 0 {
		a.log.Warn("corrected flows that somebody else had changed", "flows", n)
	}
	return n, err
}

// whenCommitted asks the FIB in the loop, and waits for its answer.
func whenCommitted[T any](ctx context.Context, l *loop, ask func(done chan<- T)) (answer T, err error) {
	done := make(chan T, 1)
	if _, err := inLoop(ctx, l, func() struct{} {
		ask(done)
		return struct{}{}
	}); err != nil {
		return answer, err
	}
	select {
	case answer := <-done:
		return answer, nil
	case <-ctx.Done():
		return answer, ctx.Err()
	case <-l.ended:
		return answer, errEnding
	}
}

// switchPorts creates the bridge's ports, and replaces those whose wire has been
// replaced. An access port without a wire is left out: a host that does not run must
// not keep the router from working.
func (a *agent) switchPorts(ctx context.Context, cfg configuration) error {
	bridge := ovs.Bridge{}
	for _, c := range cfg.core {
		bridge.Ports = append(bridge.Ports,
			ovs.Port{Number: c.Port, Name: c.Name, XDP: c.XDP},
			ovs.Port{Number: c.BGPPort, Name: c.BGPName, Internal: true, MAC: c.HardwareAddr, MTU: min(c.MTU, defaultMTU)})
	}
	wired, err := interfaceNames()
	if err != nil {
		return err
	}
	for _, p := range cfg.Access {
		if wired[p.Name] {
			bridge.Ports = append(bridge.Ports, ovs.Port{Number: p.Port, Name: p.Name})
		} else {
			a.log.Info("port without a wire", "port", p.Name, "host", p.Host)
		}
		if p.CE != nil {
			bridge.Ports = append(bridge.Ports, ovs.Port{Number: p.CE.Port, Name: p.CE.Name})
		}
	}
	if t := cfg.Transport; t != nil {
		mac, err := net.ParseMAC(t.MAC)
		if err != nil {
			return err
		}
		bridge.Ports = append(bridge.Ports, ovs.Port{Number: t.Port, Name: t.Name, Internal: true, MAC: mac, MTU: loopbackMTU(cfg.Router)})
	}
	for _, o := range cfg.Outlets {
		bridge.Ports = append(bridge.Ports, ovs.Port{Number: o.Port, Name: o.Name})
	}
	if err := a.sw.SetMeters(ctx, meter.All(cfg.Router)...); err != nil {
		return err
	}
	return a.sw.ApplyBridge(ctx, bridge)
}

// interfaceNames returns the names of the router's interfaces. The kernel lists all of
// them at a time, also for who asks for one.
func interfaceNames() (map[string]bool, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces: %w", err)
	}
	names := make(map[string]bool, len(all))
	for _, i := range all {
		names[i.Name] = true
	}
	return names, nil
}

// configure replaces the configuration, and returns the speakers of new CEs.
func (l *loop) configure(next configuration) (fresh []*ce.Speaker, err error) {
	now := time.Now()
	l.memory.stale = true
	l.ces.Leave(next.speakers)
	l.ports.Leave(now, next.access)
	l.settleTables() // with the old ports
	if !l.vrfs.Labels.Keep(next.Router) {
		known := l.knownLabels()
		l.ces.LeaveAll()
		l.border.Leave()
		l.lsps.Leave()
		if err := l.vrfs.Labels.Renew(next.Router, known); err != nil {
			l.ces.Configure()
			return nil, err
		}
	}
	l.cfg = next.Router
	l.admit.Configure(next.Router)
	l.fib.SetPipe(next.Transport != nil && next.Transport.Pipe)
	l.links.Configure(next.core, access.Widest(next.access))
	l.ports.Configure(next.access, next.slow, transport.Widest(next.core))
	l.fib.Replace(pipeline.Base{Meter: meter.Other}.Flows(), pipeline.KindBase)
	l.fib.Replace(next.outlets, pipeline.KindOutlet)
	l.fib.Replace(next.loopback, pipeline.KindLoopback)
	l.lsps.Configure(next.Router)
	l.configureTracking(now, next.Router)
	fresh = l.ces.Speak(next.AS, next.RouterID, next.speakers)
	l.vrfs.Configure(next.Router)
	l.border.Configure(next.Router)
	for nextHop := range l.vrfs.NextHops() {
		l.links.Use(nextHop)
	}
	l.ces.Configure()
	l.liveness.keep(watched(next.Router))
	l.followLiveness()
	l.follow(now)
	l.recall(now)
	return fresh, nil
}

// follow applies the known carriers to a new configuration, and asks for its hosts.
func (l *loop) follow(now time.Time) {
	nics := map[string]string{}
	for _, c := range l.cfg.Core {
		nics[c.Name] = c.NIC
	}
	l.followCarriers(l.carriers.Behind(nics))
	for _, p := range l.ports.All() {
		if l.carriers.Up(p.Name) {
			l.accessCarrier(p, true)
		}
	}
	l.ports.Want(now, l.cfg.VRFs, l.ces.Neighbors())
}
