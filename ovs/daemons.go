package ovs

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"pseudowan/ovs/ovsdb"
)

// daemons are the two processes of a switch and the connection to the database.
type daemons struct {
	cfg      Config
	tools    tools
	launcher *launcher
	done     chan struct{} // closed when they are no longer kept running

	mu              sync.Mutex
	server, switchd *daemon // ovsdb-server and ovs-vswitchd
	session         *ovsdb.Conn
	restarts        int           // how often one was replaced
	changed         chan struct{} // closed and replaced with each restart
}

func newDaemons(cfg Config) *daemons {
	return &daemons{
		cfg: cfg, tools: tools{dir: cfg.Dir},
		done: make(chan struct{}), changed: make(chan struct{}),
	}
}

// startDatabase starts ovsdb-server on the existing database file.
func (d *daemons) startDatabase(ctx context.Context) error {
	socket := d.path(databaseSocket)
	started, err := startDaemon(d.launcher, d.tools, databaseServer, d.path(databaseFile), "--remote=punix:"+socket)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.server = started
	d.mu.Unlock()
	if err := started.await(ctx, func() error { return probe(socket) }); err != nil {
		return err
	}
	return d.connect(ctx)
}

func (d *daemons) startVswitchd() error {
	started, err := startDaemon(d.launcher, d.tools, switchDaemon, "unix:"+d.path(databaseSocket))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.switchd = started
	return nil
}

// connect opens a connection to the database that notifies the switch of
// changes to its bridge.
func (d *daemons) connect(ctx context.Context) error {
	c, err := ovsdb.Dial(ctx, d.path(databaseSocket))
	if err != nil {
		return err
	}
	if err := c.Monitor(ctx, map[string][]string{"Bridge": bridgeColumns}); err != nil {
		c.Close()
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		d.session.Close()
	}
	d.session = c
	return nil
}

func (d *daemons) database() *daemon {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server
}

func (d *daemons) vswitchd() *daemon {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.switchd
}

func (d *daemons) connection() *ovsdb.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session
}

// restarted reports a replaced daemon and wakes the callers that wait for it.
func (d *daemons) restarted(format string, args ...any) {
	d.mu.Lock()
	d.restarts++
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	d.cfg.mended(format, args...)
}

// mostLost is how often steady repeats what has lost its connection to daemons that run.
const mostLost = 10

// steady repeats f if it fails because a daemon was being replaced meanwhile.
func (d *daemons) steady(ctx context.Context, f func() error) error {
	for lost := 0; ; {
		restarts, changed := d.generation()
		err := f()
		if err == nil || ctx.Err() != nil {
			return err
		}
		const grace = 200 * time.Millisecond // the end of a process may be noticed a little later
		select {
		case <-d.vswitchd().exited:
		case <-d.database().exited:
		case <-changed:
			continue
		case <-time.After(grace):
			// Of a daemon that has been replaced already, or whose end nobody has noticed
			// yet, as on a busy server.
			if lost++; Lost(err) && lost <= mostLost {
				continue
			}
			return err
		}
		if now, _ := d.generation(); now != restarts {
			continue
		}
		select {
		case <-changed:
		case <-d.done:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// removeDatapath removes the datapath from the kernel, with the interfaces that
// Open vSwitch made. However ovs-vswitchd ends, it leaves the datapath
// forwarding with its last flows.
func (d *daemons) removeDatapath(ctx context.Context) {
	if d.cfg.Datapath != System {
		return
	}
	const patience = 10 * time.Second // the kernel waits for all processors
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ovs-dpctl", "del-dp", "system@ovs-system")
	cmd.Env = d.tools.environ()
	if d.launcher.start(cmd) == nil {
		// It fails if there is none. The next switch in this namespace reuses
		// what stays.
		_ = cmd.Wait()
	}
}

func (d *daemons) path(name string) string { return filepath.Join(d.cfg.Dir, name) }

func (d *daemons) managementSocket() string { return d.path(d.cfg.Bridge + ".mgmt") }

// generation returns how often a daemon was replaced, and a channel that is
// closed when the next one is.
func (d *daemons) generation() (int, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.restarts, d.changed
}

// take makes adopted daemons those of the switch; database may be nil.
func (d *daemons) take(vswitchd, database *daemon) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.switchd, d.server = vswitchd, database
}

// forget drops daemons that are not adopted.
func (d *daemons) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		d.session.Close()
	}
	d.session, d.switchd, d.server = nil, nil, nil
}
