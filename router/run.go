package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/bgp"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// Options say where an agent finds and leaves its files.
type Options struct {
	ConfigFile string // the config.Router as JSON, read at the start
	Socket     string // where the agent answers
	BGPSocket  string // where the speaker serves the GoBGP API
	OVSDir     string // run directory of the private Open vSwitch
	MemoryFile string // what the next agent needs to know if this one is killed; "": nothing

	// Final reports, when ctx has ended, whether the router is to be no more.
	// Otherwise its switch goes on, its peers keep its routes, and the next agent
	// takes over. nil: it is.
	Final func() bool

	Mended func(what string) // told what was put right without being asked; may be nil

	// BeatFile is touched again and again as long as the router's loop turns; "":
	// none is.
	BeatFile string

	Log *slog.Logger

	// Inside runs a function on a thread in a network namespace of ours.
	Inside func(namespace string, f func() error) error
}

// Run is a router: it returns when ctx ends or when a part of the router has
// died. The calling process must be inside the router's network namespace,
// with all its threads.
func Run(ctx context.Context, o Options) error {
	cfg, err := readConfig(o.ConfigFile)
	if err != nil {
		return fmt.Errorf("agent: %w", err)
	}
	if err := run(ctx, o, cfg); err != nil {
		return fmt.Errorf("agent of router %s: %w", cfg.Router, err)
	}
	return nil
}

func readConfig(path string) (config.Router, error) {
	var c config.Router
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func run(ctx context.Context, o Options, cfg config.Router) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := newReactor(o.Log, cfg)
	r.inside, r.socketDir, r.memory.path = o.Inside, filepath.Dir(o.BGPSocket), o.MemoryFile
	r.beat = beat{path: o.BeatFile}
	r.beat.stop() // nobody shall wait for the first before the loop turns
	if err := r.start(ctx, o, cfg); err != nil {
		r.leave()
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer cancel()
		return r.loop(ctx)
	})
	g.Go(func() error { return r.serve(ctx, o.Socket) })
	g.Go(func() error {
		r.configureFirst(ctx, cfg)
		return nil
	})
	err := g.Wait()
	asked := err == nil || errors.Is(err, context.Canceled)
	if errors.Is(err, errRestart) || asked && (o.Final == nil || o.Final()) {
		r.stop()
	} else {
		r.leave()
	}
	if asked {
		return nil
	}
	return err
}

// configureRetry is the pause after a first configuration that failed.
const configureRetry = time.Second

// configureFirst takes over the configuration that the agent was started with,
// again and again until that succeeds or somebody hands in another one. The
// agent serves meanwhile, so that whoever asks hears what is wrong.
func (r *reactor) configureFirst(ctx context.Context, cfg config.Router) {
	for {
		err := r.Configure(ctx, cfg)
		if err == nil || ctx.Err() != nil {
			return
		}
		r.log.Error("the configuration cannot be taken over", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-r.handedIn:
			return
		case <-time.After(configureRetry):
		}
	}
}

func newReactor(log *slog.Logger, cfg config.Router) *reactor {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	tables := bgp.NewTables(nil)
	tables.SetMaxPaths(maxPaths)
	slow, _ := slowpath.New(slowpath.Config{}) // nothing can be wrong with no interface
	return &reactor{
		log: log, name: cfg.Router, started: startedWith(cfg, ""),
		access: map[uint32]*accessPort{}, core: map[uint32]*corePort{}, heard: map[heardKey]kernel.NeighborEvent{}, vrfs: map[string]*config.VRF{},
		carriers: kernel.NewCarriers(), wanted: map[neighbor.Key]bool{},
		connected: map[fib.Key]pipeline.Target{}, hostPorts: map[fib.Key]uint32{}, best: map[fib.Key]*bgp.Path{},
		spread:    map[fib.Key][]*bgp.Path{},
		neighbors: neighbor.New(neighbor.Config{}), slow: slow, adverts: newAdvertiser(), tables: tables,
		ask:   kernel.Solicit,
		local: map[localKey]bgp.LocalRoute{}, speech: newSpeech(), peers: map[netip.Addr]bgp.PeerState{}, fib: fib.New(), dirty: map[fib.Key]bool{},
		conflicts: map[neighbor.Key]time.Time{}, ends: ends{}, handedIn: make(chan struct{}),
		calls: make(chan func()), commits: make(chan commit), restart: make(chan struct{}, 1),
		changed: make(chan struct{}), ended: make(chan struct{}), timer: timer,
	}
}

// start starts the parts of the router, the slow ones side by side. Where an
// earlier agent has left a memory, the speaker has to know first whether its
// switch was left, too.
func (r *reactor) start(ctx context.Context, o Options, cfg config.Router) (err error) {
	if r.kernel, err = kernel.Subscribe(ctx); err != nil {
		return err
	}
	past, remembered := r.memory.read(r.log, r.started)
	known := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(known)
		return r.startSwitch(ctx, o, cfg, past)
	})
	g.Go(func() (err error) {
		if remembered {
			<-known
		}
		r.speaker, err = r.startSpeaker(ctx, bgp.Config{
			AS: cfg.AS, RouterID: cfg.RouterID, ListenAddresses: listenAddresses(cfg),
			APISocket: o.BGPSocket, Log: o.Log, Restarting: r.recovers.Load(),
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	r.frames, r.announcer = r.sw, r.speaker
	return nil
}

// startSwitch starts the switch, or goes on with that of an earlier agent.
func (r *reactor) startSwitch(ctx context.Context, o Options, cfg config.Router, past *memory) (err error) {
	r.sw, err = ovs.Start(ctx, ovs.Config{
		Dir: o.OVSDir, Bridge: bridgeName, Datapath: r.started.datapath,
		ExternalIDs: map[string]string{"pseudowan-lab": cfg.Lab, "pseudowan-router": cfg.Router},
		Mended:      o.mended,
	})
	switch {
	case err != nil || !r.sw.Adopted():
		return err
	case past == nil: // its flows have numbers that mean something else now
		_, err = r.sw.Correct(ctx, nil)
		return err
	}
	r.recover(past, r.sw.Inherited())
	return nil
}

// startSpeaker starts a speaker. One that cannot restart gracefully starts
// without grace.
func (r *reactor) startSpeaker(ctx context.Context, cfg bgp.Config) (*bgp.Speaker, error) {
	s, err := bgp.Start(ctx, cfg)
	if err != nil && cfg.Restarting && ctx.Err() == nil {
		r.log.Warn("the peers will not keep the routes over the restart", "error", err)
		cfg.Restarting = false
		s, err = bgp.Start(ctx, cfg)
	}
	return s, err
}

func (o Options) mended(what string) {
	o.Log.Warn("Open vSwitch", "mended", what)
	if o.Mended != nil {
		o.Mended(what)
	}
}

// datapath is the one that is asked for. "auto" stays with the running one, and
// at the start takes the kernel's where there is one.
func datapath(asked string, running ovs.Datapath) ovs.Datapath {
	switch {
	case asked == string(ovs.System):
		return ovs.System
	case asked == string(ovs.Netdev):
		return ovs.Netdev
	case running != "":
		return running
	}
	return ovs.Preferred()
}

// leave lets go of everything and ends nothing: the switch forwards, the peers
// see their connections end with the process, and keep the routes.
func (r *reactor) leave() {
	if r.sw != nil {
		r.sw.Leave()
	}
}

// stop ends the speakers with a Cease to their peers, then the switch.
func (r *reactor) stop() {
	r.memory.forget()
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var g errgroup.Group
	if r.speaker != nil {
		g.Go(func() error { return r.speaker.Stop(ctx) })
	}
	for _, c := range r.customers {
		if !c.stopped {
			g.Go(func() error { return c.speaker.Stop(ctx) })
		}
	}
	if err := g.Wait(); err != nil {
		r.log.Warn("stop the BGP speakers", "error", err)
	}
	if r.sw != nil {
		r.ceaseAdvertising(nil)
		if err := r.sw.Stop(ctx); err != nil {
			r.log.Warn("stop Open vSwitch", "error", err)
		}
	}
}

// listenAddresses are the router's ends of its sessions.
func listenAddresses(cfg config.Router) []netip.Addr {
	var out []netip.Addr
	for _, s := range cfg.Sessions {
		if !slices.Contains(out, s.LocalAddress) {
			out = append(out, s.LocalAddress)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// identity is the part of a configuration that a running agent cannot change.
type identity struct {
	as       uint32
	id       netip.Addr
	datapath ovs.Datapath
	listen   string
}

func (i identity) String() string { return fmt.Sprint(i.as, i.id, i.datapath, i.listen) }

// startedWith is a configuration's identity for an agent that runs on a
// datapath, or, where running is "", for one that starts.
func startedWith(cfg config.Router, running ovs.Datapath) identity {
	return identity{cfg.AS, cfg.RouterID, datapath(cfg.Datapath, running), fmt.Sprint(listenAddresses(cfg))}
}
