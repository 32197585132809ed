package ovs

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pulse checks that the daemons are alive.
type pulse struct {
	ctx     context.Context
	daemons *daemons
	bridge  *bridge
	channel *channel
	stopped map[*daemon]bool // seen stopped once
	asked   time.Time
	silent  chan *daemon // one that did not answer
}

func newPulse(ctx context.Context, d *daemons, br *bridge, c *channel) *pulse {
	return &pulse{
		ctx: ctx, daemons: d, bridge: br, channel: c,
		stopped: map[*daemon]bool{}, asked: time.Now(), silent: make(chan *daemon, 2),
	}
}

const (
	// askEvery is how often the daemons are asked for an answer. One that gives
	// none for the time of silence is dead, even on an overloaded machine.
	askEvery = 5 * time.Second
	silence  = 30 * time.Second
)

// examine kills daemons that hang or whose socket is gone, which makes them
// unreachable.
func (p *pulse) examine() {
	now := map[*daemon]bool{}
	for _, d := range []*daemon{p.daemons.vswitchd(), p.daemons.database()} {
		if d.gone() || !d.stopped() {
			continue
		}
		if now[d] = true; p.stopped[d] {
			d.signal(unix.SIGKILL)
		}
	}
	p.stopped = now
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
