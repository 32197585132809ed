package ovs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Datapath is the kind of forwarding plane that a bridge uses.
type Datapath string

// The datapaths. Netdev runs in ovs-vswitchd and needs no kernel support; System
// is the kernel's module.
const (
	Netdev Datapath = "netdev"
	System Datapath = "system"
)

// maxDir keeps the paths of sockets below the 108 octets of a sockaddr_un.
const maxDir = 80

// Config is the configuration of a switch.
type Config struct {
	Dir         string            // run directory; created if absent, readable by its owner only
	Bridge      string            // name of the one bridge; "": br0
	Datapath    Datapath          // "": Netdev
	ExternalIDs map[string]string // marks on the Open_vSwitch row and on the bridge
	Mended      func(what string) // called with what was repaired; may be nil
}

// Switch is a running Open vSwitch with one bridge. A daemon that dies or hangs
// is replaced, and the switch's state is restored.
type Switch struct {
	cfg     Config
	daemons *daemons
	bridge  *bridge
	flows   *flowTables
	meters  *meterTable
	channel *channel
	healer  *healer
	adopted bool

	err      error // valid after Done
	stopping chan struct{}
	stop     sync.Once
	leave    bool // valid after stopping: the daemons stay
}

// Start starts the switch of a run directory in the calling thread's network
// namespace and returns when its bridge speaks OpenFlow. A switch that an
// earlier process left running, with the same marks and datapath, is adopted
// with its ports and flows; what it lacks is started. Otherwise the switch is
// new and empty, and forwards nothing. Daemons that cannot be adopted are ended
// first. ctx bounds the start only.
func Start(ctx context.Context, cfg Config) (*Switch, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := newSwitch(cfg)
	if err := s.start(ctx); err != nil {
		s.end(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start a switch in %s: %w", cfg.Dir, err)
	}
	s.flows.channel = s.channel
	s.healer = &healer{
		daemons: s.daemons, bridge: s.bridge, flows: s.flows, meters: s.meters, channel: s.channel,
		rebuilt: make(chan struct{}, 1),
	}
	go s.watch()
	return s, nil
}

func newSwitch(cfg Config) *Switch {
	d := newDaemons(cfg)
	return &Switch{
		cfg: cfg, daemons: d,
		bridge:   &bridge{cfg: cfg, tools: d.tools, daemons: d, ports: make(map[string]Port)},
		flows:    &flowTables{bridge: cfg.Bridge, tools: d.tools, daemons: d},
		meters:   &meterTable{byID: make(map[uint32]Meter)},
		stopping: make(chan struct{}),
	}
}

// Adopted reports whether Start adopted a running switch.
func (s *Switch) Adopted() bool { return s.adopted }

// Rebuilt holds a token after the switch has recreated internal ports of its
// bridge: their addresses are gone.
func (s *Switch) Rebuilt() <-chan struct{} { return s.healer.rebuilt }

// mended reports a repair.
func (c Config) mended(format string, args ...any) {
	if c.Mended != nil {
		c.Mended(fmt.Sprintf(format, args...))
	}
}

func (c Config) complete() (Config, error) {
	if c.Bridge == "" {
		c.Bridge = "br0"
	}
	if c.Datapath == "" {
		c.Datapath = Netdev
	}

	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, err
	}
	c.Dir = dir
	switch {
	case c.Datapath != Netdev && c.Datapath != System:
		return c, fmt.Errorf("datapath %q: want %s or %s", c.Datapath, Netdev, System)
	case len(c.Dir) > maxDir:
		return c, fmt.Errorf("run directory %s: longer than %d octets, which leaves no room for a socket's name", c.Dir, maxDir)
	case strings.ContainsAny(c.Bridge, "/ ,:"):
		return c, fmt.Errorf("bridge name %q: want the name of an interface", c.Bridge)
	}
	return c, nil
}

// makeDir makes the run directory, readable by its owner only.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// emptyDir removes what the daemons would reuse from a directory, and creates an
// empty database there.
func emptyDir(ctx context.Context, dir string) error {
	if err := endLeftovers(ctx, dir); err != nil {
		return err
	}
	if err := removeFiles(dir); err != nil {
		return err
	}
	return createDatabase(filepath.Join(dir, databaseFile))
}

const (
	databaseFile   = "conf.db"
	databaseSocket = "db.sock"
)

// removeFiles removes what the daemons put into a run directory, and nothing
// else.
func removeFiles(dir string) error {
	var errs []error
	for _, pattern := range []string{
		databaseFile, ".conf.db.~lock~", databaseSocket, "*.mgmt", "*.snoop",
		databaseServer + ".*", switchDaemon + ".*",
	} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, name := range names {
			errs = append(errs, os.Remove(name))
		}
	}
	return errors.Join(errs...)
}

// Datapath returns the datapath that the switch was started with.
func (s *Switch) Datapath() Datapath { return s.cfg.Datapath }

// Done is closed when a daemon cannot be replaced, and after Stop and Leave.
func (s *Switch) Done() <-chan struct{} { return s.daemons.done }

// Err returns why a daemon could not be replaced. It is nil before Done is
// closed, and after Stop and Leave.
func (s *Switch) Err() error {
	select {
	case <-s.daemons.done:
		return s.err
	default:
		return nil
	}
}
