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
	"pseudowan/bgp/session"
	"pseudowan/ovs"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
)

// Options say where an agent finds and leaves its files.
type Options struct {
	ConfigFile string // a config.Router as JSON, read at the start
	Socket     string // where the agent answers
	BGPSocket  string // where the speaker serves the GoBGP API
	OVSDir     string // run directory of the private Open vSwitch
	MemoryFile string // what the next agent needs if this one is killed; "": none

	// Final reports, after ctx has ended, whether the router ends for good.
	// Otherwise its switch goes on, its peers keep its routes, and the next agent
	// takes over. If nil, it ends.
	Final func() bool

	Mended func(what string) // reports repairs that nobody asked for; may be nil

	// BeatFile is touched periodically as long as the router's loop turns; "": none.
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
	a := newAgent(o, cfg)
	a.loop.beat.stop() // none before the loop turns
	if err := a.start(ctx, o, cfg); err != nil {
		a.leave()
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer cancel()
		return a.loop.run(ctx, parts{sw: a.sw, speaker: a.speaker, kernel: a.kernel, rebuilt: func(cfg config.Router) { a.configureAgain(ctx, cfg) }})
	})
	g.Go(func() error { return a.serve(ctx, o.Socket) })
	g.Go(func() error {
		a.configureFirst(ctx, cfg)
		return nil
	})
	err := g.Wait()
	a.loop.background.Wait()
	a.speakers.Wait()
	asked := err == nil || errors.Is(err, context.Canceled)
	if errors.Is(err, errRestart) || asked && (o.Final == nil || o.Final()) {
		a.stop()
	} else {
		a.leave()
	}
	if asked {
		return nil
	}
	return err
}

func newAgent(o Options, cfg config.Router) *agent {
	l := newLoop(o.Log, cfg, kernel.Solicit)
	l.memory.path, l.beat.path = o.MemoryFile, o.BeatFile
	a := &agent{log: o.Log, name: cfg.Router, loop: l, started: l.started, handedIn: make(chan struct{})}
	a.speakers = ce.Speakers{
		Log: o.Log, Dir: filepath.Dir(o.BGPSocket), Inside: o.Inside, Start: a.startSpeaker, Done: l.ended,
		Heard: func(from *ce.Speaker, events []bgp.Event) bool {
			select {
			case l.calls <- func() { l.ceEvents(from, events) }:
				return true
			case <-l.ended:
				return false
			}
		},
	}
	return a
}

// configureRetry is the pause after a first configuration that failed.
const configureRetry = time.Second

// configureFirst adopts the configuration with which the agent was started. It
// retries until it succeeds or another configuration is handed in. The agent
// serves meanwhile, so that clients learn what is wrong.
func (a *agent) configureFirst(ctx context.Context, cfg config.Router) {
	for {
		err := a.Configure(ctx, cfg)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Error("cannot adopt the configuration", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-a.handedIn:
			return
		case <-time.After(configureRetry):
		}
	}
}

// configureAgain configures ports that were made again.
func (a *agent) configureAgain(ctx context.Context, cfg config.Router) {
	if err := a.Configure(ctx, cfg); err != nil && ctx.Err() == nil {
		a.log.Error("cannot configure the ports that were made again", "error", err)
	}
}

// start starts the parts of the router, the slow ones side by side. Where an
// earlier agent has left a memory, the speaker has to know first whether its
// switch was left, too.
func (a *agent) start(ctx context.Context, o Options, cfg config.Router) (err error) {
	if a.kernel, err = kernel.Subscribe(ctx); err != nil {
		return err
	}
	past, remembered := a.loop.memory.read(a.log, a.started)
	known := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(known)
		return a.startSwitch(ctx, o, cfg, past)
	})
	g.Go(func() (err error) {
		if remembered {
			<-known
		}
		a.speaker, err = a.startSpeaker(ctx, bgp.Config{
			AS: cfg.AS, RouterID: cfg.RouterID, ListenAddresses: listenAddresses(cfg),
			APISocket: o.BGPSocket, Log: o.Log, Restarting: a.recovers.Load(),
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	a.loop.ports.SetSender(a.sw)
	a.loop.vrfs.SetAnnouncer(a.speaker)
	return nil
}

// startSwitch starts the switch, or goes on with that of an earlier agent.
func (a *agent) startSwitch(ctx context.Context, o Options, cfg config.Router, past *memory) (err error) {
	a.sw, err = ovs.Start(ctx, ovs.Config{
		Dir: o.OVSDir, Bridge: bridgeName, Datapath: a.started.datapath,
		ExternalIDs: map[string]string{"pseudowan-lab": cfg.Lab, "pseudowan-router": cfg.Router},
		Mended:      o.mended,
	})
	switch {
	case err != nil || !a.sw.Adopted():
		return err
	case past == nil: // its flows have numbers that mean something else now
		_, err = a.sw.Correct(ctx, nil)
		return err
	}
	a.recovers.Store(true)
	a.loop.recover(past, a.sw.Inherited(), func() { a.recovers.Store(false) })
	return nil
}

// startSpeaker starts a speaker, without a graceful restart if that fails.
func (a *agent) startSpeaker(ctx context.Context, cfg bgp.Config) (*bgp.Speaker, error) {
	s, err := bgp.Start(ctx, cfg)
	if err != nil && cfg.Restarting && ctx.Err() == nil {
		a.log.Warn("the peers will not keep the routes over the restart", "error", err)
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

// datapath is the one that is asked for. "auto" keeps the running one, and at the
// start chooses the kernel's if there is one.
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
func (a *agent) leave() {
	if a.sw != nil {
		a.sw.Leave()
	}
}

// stop ends the speakers with a Cease to their peers, then the switch. The loop
// has ended.
func (a *agent) stop() {
	a.loop.memory.forget()
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var g errgroup.Group
	g.Go(func() error { return a.speakers.Stop(ctx) })
	if a.speaker != nil {
		g.Go(func() error { return a.speaker.Stop(ctx) })
	}
	if err := g.Wait(); err != nil {
		a.log.Warn("stop the BGP speakers", "error", err)
	}
	if a.sw != nil {
		a.loop.ports.Cease(nil)
		if err := a.sw.Stop(ctx); err != nil {
			a.log.Warn("stop Open vSwitch", "error", err)
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

// speakerNeighbors translates the plan's sessions for the speaker.
func speakerNeighbors(cfg config.Router) []bgp.Neighbor {
	var out []bgp.Neighbor
	for _, s := range cfg.Sessions {
		n := bgp.Neighbor{
			Address: s.PeerAddress, LocalAddress: s.LocalAddress, AS: s.PeerAS, Client: s.Client, Settings: s.Settings,
		}
		if s.PeerAS == cfg.AS { // what one of our routers accepts of a customer, the others do
			n.AllowOwnAS = session.MaxOwnAS
		}
		for _, c := range cfg.Core {
			if c.Name == s.Interface && s.PeerAddress.Is6() && s.PeerAddress.IsLinkLocalUnicast() {
				n.Interface = c.BGPName
			}
		}
		out = append(out, n)
	}
	return out
}
