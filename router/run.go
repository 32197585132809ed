package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/bgp"
	"pseudowan/router/bfd"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/status"
)

// Options are the paths and callbacks of an agent.
type Options struct {
	ConfigFile string // a config.Router as JSON, read at the start
	Socket     string // where the agent answers
	BGPSocket  string // where the speaker serves the GoBGP API
	OVSDir     string // run directory of the private Open vSwitch
	MemoryFile string // what the next agent needs if this one is killed; "" for none

	// Final reports, after ctx has ended, whether the router ends for good. If not,
	// its switch keeps forwarding, its peers keep its routes, and the next agent takes
	// over. A nil Final means true.
	Final func() bool

	Mended func(what string) // hears of unrequested repairs; may be nil

	Event func(kind status.EventKind, text string) // hears of sessions and carriers; may be nil

	// BeatFile is touched periodically as long as the router's loop runs; "" for none.
	BeatFile string

	Log *slog.Logger

	// Processors returns how many processors the agent may use at once. It is asked with
	// each configuration; nil means all.
	Processors func() int

	// Cut reports whether somebody has set a port to customers down, so that it is to stay
	// down whatever becomes of the core; nil means that nobody has.
	Cut func(port string) bool

	// BFD is the command that runs bfd.Serve with its standard input.
	BFD []string

	// Inside runs a function on a thread in one of our network namespaces.
	Inside func(namespace string, f func() error) error
}

// Run runs a router until ctx ends or a part of the router dies. The calling process
// must be inside the router's network namespace, with all its threads.
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
	a.loop.beat.stop() // no beat before the loop runs
	if err := a.start(ctx, o, cfg); err != nil {
		a.leave()
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer cancel()
		return a.loop.run(ctx, parts{sw: a.sw, speaker: a.speaker, core: a.core, kernel: a.kernel, bfd: a.bfd, rebuilt: func(cfg config.Router) { a.configureAgain(ctx, cfg) }})
	})
	g.Go(func() error { return a.serve(ctx, o.Socket) })
	g.Go(func() error {
		a.bfd.Run(ctx)
		return nil
	})
	g.Go(func() error {
		a.configureFirst(ctx, cfg)
		return nil
	})
	err := g.Wait()
	a.loop.background.Wait()
	a.speakers.Wait()
	defer a.loop.hub.Close()
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
	l.memory.path, l.beat.path, l.tracking.down = o.MemoryFile, o.BeatFile, o.Cut
	if o.Event != nil {
		l.event = o.Event
	}
	a := &agent{log: o.Log, name: cfg.Router, loop: l, bfd: bfd.NewProcess(o.BFD, o.Log), started: l.started, inside: o.Inside, processors: o.Processors, handedIn: make(chan struct{})}
	l.hub.SetLocal(a.tableMessages)
	a.speakers = ce.Speakers{
		Log: o.Log, Monitor: l.hub, Dir: filepath.Dir(o.BGPSocket), Inside: o.Inside, Start: a.startSpeaker, Done: l.ended,
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

// configureFirst applies the configuration with which the agent was started. It
// retries until it succeeds or another configuration is handed in. Meanwhile, the
// agent serves, so that clients learn what is wrong.
func (a *agent) configureFirst(ctx context.Context, cfg config.Router) {
	for {
		err := a.Configure(ctx, cfg)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Error("cannot apply the configuration", "error", err)
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

func (o Options) mended(what string) {
	o.Log.Warn("Open vSwitch", "mended", what)
	if o.Mended != nil {
		o.Mended(what)
	}
}
