package ovs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
)

// Datapath is the kind of forwarding plane that a bridge uses.
type Datapath string

// The datapaths. Netdev runs in ovs-vswitchd and needs nothing of the kernel;
// System is the kernel's module.
const (
	Netdev Datapath = "netdev"
	System Datapath = "system"
)

// maxDir keeps the paths of sockets below the 108 octets of a sockaddr_un.
const maxDir = 80

// Config says how to start a switch.
type Config struct {
	Dir         string            // run directory; made if absent, readable by its owner only
	Bridge      string            // name of the one bridge; "": br0
	Datapath    Datapath          // "": Netdev
	DatapathID  uint64            // of the bridge; 0: 1
	MAC         net.HardwareAddr  // of the bridge's own interface, which nobody uses; empty: chosen by Open vSwitch
	ExternalIDs map[string]string // marks on the Open_vSwitch row and on the bridge
}

// Switch is a running Open vSwitch with one bridge.
type Switch struct {
	cfg      Config
	tools    tools
	launcher *launcher
	links    *netlink.Handle
	offloads *ethtool.Ethtool

	database *daemon
	vswitchd *daemon
	channel  *channel

	done     chan struct{}
	err      error // valid after done
	stopping chan struct{}
	stop     sync.Once

	mu    sync.Mutex
	ports map[string]Port // as last applied, by name
}

// Start makes a new, empty switch in the calling thread's network namespace and
// returns when its bridge speaks OpenFlow. Without flows the bridge forwards
// nothing. Daemons that a killed predecessor left in cfg.Dir are ended first.
// ctx bounds the start only.
func Start(ctx context.Context, cfg Config) (*Switch, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := prepareDir(ctx, cfg.Dir); err != nil {
		return nil, fmt.Errorf("start a switch in %s: %w", cfg.Dir, err)
	}
	s := &Switch{
		cfg: cfg, tools: tools{dir: cfg.Dir},
		done: make(chan struct{}), stopping: make(chan struct{}),
		ports: make(map[string]Port),
	}
	if err := s.start(ctx); err != nil {
		s.end(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start a switch in %s: %w", cfg.Dir, err)
	}
	go s.watch()
	return s, nil
}

func (c Config) complete() (Config, error) {
	if c.Bridge == "" {
		c.Bridge = "br0"
	}
	if c.Datapath == "" {
		c.Datapath = Netdev
	}
	if c.DatapathID == 0 {
		c.DatapathID = 1
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
		return c, fmt.Errorf("run directory %s: longer than the %d octets that leave room for a socket's name", c.Dir, maxDir)
	case strings.ContainsAny(c.Bridge, "/ ,:"):
		return c, fmt.Errorf("bridge name %q: want the name of an interface", c.Bridge)
	}
	return c, nil
}

// prepareDir leaves a directory with an empty database and nothing else that
// the daemons would take up.
func prepareDir(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
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

// Dir is the run directory: the value of OVS_RUNDIR for Open vSwitch's tools.
func (s *Switch) Dir() string { return s.cfg.Dir }

// Datapath is the datapath that the switch was started with.
func (s *Switch) Datapath() Datapath { return s.cfg.Datapath }

// Done is closed when a daemon has died or Stop has ended both.
func (s *Switch) Done() <-chan struct{} { return s.done }

// Err tells which daemon died and its last words. It is nil before Done is
// closed, and after Stop.
func (s *Switch) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}
