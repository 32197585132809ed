package ovs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/ovs/ovsdb"
)

const (
	// look is how often the daemons are looked at. One that is seen stopped
	// twice in a row is killed, and replaced.
	look = 250 * time.Millisecond

	// restartLimit bounds one attempt to replace a daemon, restartTries how
	// many may fail one after the other.
	restartLimit = 20 * time.Second
	restartTries = 5
)

// watch keeps the daemons running until Stop or Leave, or until one cannot be
// kept.
func (s *Switch) watch() {
	defer close(s.done)
	tick := time.NewTicker(look)
	defer tick.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		s.heal(ctx)
	}()
	pulse := newPulse(ctx)
	for {
		select {
		case <-s.stopping:
		case <-s.vswitchd().exited:
		case <-s.database().exited:
		case <-tick.C:
			s.examine(pulse)
		}
		select {
		case <-s.stopping:
			cancel()
			<-healed
			if s.leave {
				s.release(func() {})
				return
			}
			s.end(context.Background())
			return
		default:
		}
		if err := s.replaceDead(); err != nil {
			s.err = err
			cancel()
			<-healed
			s.end(context.Background())
			return
		}
	}
}

// replaceDead replaces daemons that have ended.
func (s *Switch) replaceDead() (err error) {
	for try := range restartTries {
		if !s.vswitchd().gone() && !s.database().gone() {
			return nil
		}
		if try > 0 {
			select {
			case <-s.stopping:
				return nil
			case <-time.After(time.Duration(try) * 100 * time.Millisecond):
			}
		}
		if err = s.replaceOnce(); err == nil {
			continue // one may have ended meanwhile
		}
	}
	return err
}

func (s *Switch) replaceOnce() error {
	ctx, cancel := context.WithTimeout(context.Background(), restartLimit)
	defer cancel()
	if d := s.database(); d.gone() {
		if _, err := os.Stat(s.path(databaseFile)); err != nil {
			return errors.Join(d.err, err)
		}
		if err := s.startDatabase(ctx); err != nil {
			return errors.Join(d.err, err)
		}
		s.restarted("restarted %s, which had ended", databaseServer)
	}
	if d := s.vswitchd(); d.gone() {
		if err := s.replaceVswitchd(ctx); err != nil {
			return errors.Join(d.err, err)
		}
		s.restarted("restarted %s, which had ended", switchDaemon)
	}
	return nil
}

// restarted wakes whoever has found a daemon away.
func (s *Switch) restarted(format string, args ...any) {
	s.daemons.Lock()
	s.daemons.restarts++
	close(s.daemons.changed)
	s.daemons.changed = make(chan struct{})
	s.daemons.Unlock()
	s.mended(format, args...)
}

// replaceVswitchd starts ovs-vswitchd again. It forwards nothing new before its
// flows are back (flow-restore-wait): packets must not be dropped or sent by
// half of them. The kernel's datapath goes on with what it has meanwhile.
func (s *Switch) replaceVswitchd(ctx context.Context) error {
	before := s.channel.conn.Load()
	if err := s.restoring(ctx, true); err != nil {
		return err
	}
	if err := s.startVswitchd(); err != nil {
		return err
	}
	err := s.vswitchd().await(ctx, func() error {
		if s.channel.conn.Load() == before {
			return errors.New("no OpenFlow connection")
		}
		return nil
	})
	if err == nil {
		err = s.putBack(ctx)
	}
	if err == nil {
		err = s.restoring(ctx, false)
	}
	if err != nil {
		s.vswitchd().kill() // the next attempt starts from the beginning
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ports []Port
	for _, p := range s.ports {
		ports = append(ports, p)
	}
	return s.fillChecksums(ports)
}

// restoreWait is the key of other_config that keeps ovs-vswitchd from forwarding.
const restoreWait = "flow-restore-wait"

// restoring says in the database whether flows are being put back. Where they
// are, the bridge's settings are put right, too, before ovs-vswitchd sees them.
func (s *Switch) restoring(ctx context.Context, on bool) error {
	mutations := []any{[]any{"other_config", "delete", []any{"set", []any{restoreWait}}}}
	if !on {
		_, err := s.connection().Transact(ctx, ovsdb.Operation{"op": "mutate", "table": "Open_vSwitch", "where": []any{}, "mutations": mutations})
		return err
	}
	mutations = append(mutations, []any{"other_config", "insert", []any{"map", [][2]string{{restoreWait, "true"}}}})
	wait := ovsdb.Operation{"op": "mutate", "table": "Open_vSwitch", "where": []any{}, "mutations": mutations}
	_, err := s.connection().Transact(ctx, append(s.correction(), wait)...)
	return err
}

// putBack puts meters and flows into a bridge that has none.
func (s *Switch) putBack(ctx context.Context) error {
	s.mu.Lock()
	var meters []Meter
	for _, m := range s.meters {
		meters = append(meters, m)
	}
	s.mu.Unlock()
	if err := s.channel.conn.Load().SetMeters(ctx, meters); err != nil {
		return fmt.Errorf("meters: %w", err)
	}
	s.flowing.Lock()
	defer s.flowing.Unlock()
	if _, err := s.ofctl(ctx, s.memory.file(), "--bundle", "add-flows", s.cfg.Bridge, "-"); err != nil {
		return fmt.Errorf("bridge %s: put its flows back: %w", s.cfg.Bridge, err)
	}
	return nil
}

// pulse is what was heard of the daemons.
type pulse struct {
	ctx     context.Context
	stopped map[*daemon]bool // seen stopped once
	asked   time.Time
	answers chan *daemon // one that did not answer
}

func newPulse(ctx context.Context) *pulse {
	return &pulse{ctx: ctx, stopped: map[*daemon]bool{}, asked: time.Now(), answers: make(chan *daemon, 2)}
}

const (
	// askEvery is how often the daemons are asked for an answer; one that gives
	// none for silence is dead, also on a machine that is overloaded.
	askEvery = 5 * time.Second
	silence  = 30 * time.Second
)

// examine kills daemons that hang, and those whose socket is gone: nobody could
// reach them any more.
func (s *Switch) examine(p *pulse) {
	now := map[*daemon]bool{}
	for _, d := range []*daemon{s.vswitchd(), s.database()} {
		if d.gone() || !d.stopped() {
			continue
		}
		if now[d] = true; p.stopped[d] {
			d.signal(unix.SIGKILL)
		}
	}
	p.stopped = now
	s.ask(p)
	// Without its file ovsdb-server could not start again: what runs is better.
	if _, err := os.Lstat(s.path(databaseFile)); err != nil {
		return
	}
	if _, err := os.Lstat(s.path(databaseSocket)); errors.Is(err, os.ErrNotExist) {
		s.database().signal(unix.SIGKILL)
	}
	if _, err := os.Lstat(s.managementSocket()); errors.Is(err, os.ErrNotExist) && s.bridgeStands() {
		s.vswitchd().signal(unix.SIGKILL)
	}
}

// bridgeStands reports whether the database has the bridge: without it there
// is no socket of it.
func (s *Switch) bridgeStands() bool {
	ctx, cancel := context.WithTimeout(context.Background(), look)
	defer cancel()
	row, err := s.bridgeRow(ctx)
	return err == nil && row != nil
}

// ask has both daemons answer, beside everything else.
func (s *Switch) ask(p *pulse) {
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
		s.vswitchd(): func(ctx context.Context) error { return s.channel.conn.Load().Barrier(ctx) },
		s.database(): s.connection().Echo,
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
