package ovs

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pulse is what was heard of the daemons.
type pulse struct {
	ctx     context.Context
	daemons *daemons
	bridge  *bridge
	channel *channel
	stopped map[*daemon]bool // seen stopped once
	asked   time.Time
	answers chan *daemon // one that did not answer
}

func newPulse(ctx context.Context, d *daemons, br *bridge, c *channel) *pulse {
	return &pulse{
		ctx: ctx, daemons: d, bridge: br, channel: c,
		stopped: map[*daemon]bool{}, asked: time.Now(), answers: make(chan *daemon, 2),
	}
}

const (
	// askEvery is how often the daemons are asked for an answer; one that gives
	// none for silence is dead, also on a machine that is overloaded.
	askEvery = 5 * time.Second
	silence  = 30 * time.Second
)

// examine kills daemons that hang, and those whose socket is gone: nobody could
// reach them any more.
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
	// Without its file ovsdb-server could not start again: what runs is better.
	if _, err := os.Lstat(p.daemons.path(databaseFile)); err != nil {
		return
	}
	if _, err := os.Lstat(p.daemons.path(databaseSocket)); errors.Is(err, os.ErrNotExist) {
		p.daemons.database().signal(unix.SIGKILL)
	}
	if _, err := os.Lstat(p.daemons.managementSocket()); errors.Is(err, os.ErrNotExist) && p.bridge.stands() {
		p.daemons.vswitchd().signal(unix.SIGKILL)
	}
}

// ask has both daemons answer, beside everything else.
func (p *pulse) ask() {
	select {
	case d := <-p.answers:
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
				case p.answers <- d:
				default:
				}
			}
		}()
	}
}
