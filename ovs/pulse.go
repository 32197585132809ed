package ovs

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// pulse checks that the daemons are alive. The kernel tells at once that a child was
// stopped. Everything else has to be looked for, rarely: a hundred switches of one
// server add up.
type pulse struct {
	ctx      context.Context
	daemons  *daemons
	bridge   *bridge
	channel  *channel
	children chan os.Signal        // SIGCHLD: one has ended, or was stopped
	timer    *time.Timer           // of the next look
	stopped  map[*daemon]time.Time // when one was first seen stopped
	asked    time.Time
	silent   chan *daemon // one that did not answer
}

// newPulse returns a pulse that looks for the first time at once. The caller must end
// it.
func newPulse(ctx context.Context, d *daemons, br *bridge, c *channel) *pulse {
	p := &pulse{
		ctx: ctx, daemons: d, bridge: br, channel: c,
		children: make(chan os.Signal, 1), timer: time.NewTimer(0),
		stopped: map[*daemon]time.Time{}, asked: time.Now(), silent: make(chan *daemon, 2),
	}
	signal.Notify(p.children, unix.SIGCHLD)
	return p
}

func (p *pulse) end() {
	signal.Stop(p.children)
	p.timer.Stop()
}

const (
	// lookEvery is the time between two looks, lookAgain that to the next one if the
	// kernel does not tell of all that may happen: a daemon is stopped, or is no child.
	lookEvery = 5 * time.Second
	lookAgain = time.Second

	// askEvery is how often the daemons are asked for an answer. One that gives
	// none for the time of silence is dead, even on an overloaded machine.
	askEvery = 30 * time.Second
	silence  = 30 * time.Second
)

// examine kills daemons that hang or whose socket is gone, which makes them
// unreachable.
func (p *pulse) examine(now time.Time) {
	p.timer.Reset(p.examineStopped(now))
	p.ask()
	// Without its file ovsdb-server could not be restarted.
	if _, err := os.Lstat(p.daemons.path(databaseFile)); err != nil {
		return
	}
	if _, err := os.Lstat(p.daemons.path(databaseSocket)); errors.Is(err, os.ErrNotExist) {
		p.daemons.database().signal(unix.SIGKILL)
	}
	if _, err := os.Lstat(p.daemons.managementSocket()); errors.Is(err, os.ErrNotExist) && p.bridge.exists() {
		p.daemons.vswitchd().signal(unix.SIGKILL)
	}
}

// examineStopped kills daemons that are stopped for lookAgain, and returns how long the
// next look may wait.
func (p *pulse) examineStopped(now time.Time) time.Duration {
	next := lookEvery
	stopped := map[*daemon]time.Time{}
	for _, d := range []*daemon{p.daemons.vswitchd(), p.daemons.database()} {
		if !d.child {
			next = lookAgain
		}
		if d.gone() || !d.stopped() {
			continue
		}
		since, known := p.stopped[d]
		if !known {
			since = now
		}
		if now.Sub(since) >= lookAgain {
			d.signal(unix.SIGKILL)
		}
		stopped[d], next = since, lookAgain
	}
	p.stopped = stopped
	return next
}

// ask asks both daemons for an answer without waiting for it, and kills one that
// has not given the last.
func (p *pulse) ask() {
	select {
	case d := <-p.silent:
		d.signal(unix.SIGKILL)
	default:
	}
	if time.Since(p.asked) < askEvery {
		return
	}
	p.asked = time.Now()
	for d, try := range map[*daemon]func(context.Context) error{
		p.daemons.vswitchd(): func(ctx context.Context) error { return p.channel.conn.Load().Barrier(ctx) },
		p.daemons.database(): p.daemons.connection().Echo,
	} {
		go func() {
			ctx, cancel := context.WithTimeout(p.ctx, silence)
			defer cancel()
			if err := try(ctx); errors.Is(err, context.DeadlineExceeded) {
				select {
				case p.silent <- d:
				default:
				}
			}
		}()
	}
}
