package ovs

import (
	"context"
	"errors"
	"os"
	"time"
)

const (
	// restartLimit bounds one attempt to replace a daemon, restartTries the
	// number of consecutive failures.
	restartLimit = 20 * time.Second
	restartTries = 5
)

// watch keeps the daemons running until Stop or Leave, or until one cannot be
// replaced.
func (s *Switch) watch() {
	defer close(s.daemons.done)
	ctx, cancel := context.WithCancel(context.Background())
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		s.healer.heal(ctx)
	}()
	pulse := newPulse(ctx, s.daemons, s.bridge, s.channel)
	defer pulse.end()
	for {
		select {
		case <-s.stopping:
		case <-s.daemons.vswitchd().exited:
		case <-s.daemons.database().exited:
		case <-pulse.children:
			pulse.examine(time.Now())
		case <-pulse.timer.C:
			pulse.examine(time.Now())
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
		if !s.daemons.vswitchd().gone() && !s.daemons.database().gone() {
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
	if d := s.daemons.database(); d.gone() {
		if _, err := os.Stat(s.daemons.path(databaseFile)); err != nil {
			return errors.Join(d.err, err)
		}
		if err := s.daemons.startDatabase(ctx); err != nil {
			return errors.Join(d.err, err)
		}
		s.daemons.restarted("restarted %s, which had ended", databaseServer)
	}
	if d := s.daemons.vswitchd(); d.gone() {
		if err := s.replaceVswitchd(ctx); err != nil {
			return errors.Join(d.err, err)
		}
		s.daemons.restarted("restarted %s, which had ended", switchDaemon)
	}
	return nil
}

// replaceVswitchd restarts ovs-vswitchd. It forwards nothing new before its flows
// are restored (flow-restore-wait): an incomplete table would drop or misroute
// packets. Meanwhile the kernel's datapath keeps forwarding with what it has.
func (s *Switch) replaceVswitchd(ctx context.Context) error {
	before := s.channel.conn.Load()
	if err := s.bridge.restoring(ctx, true); err != nil {
		return err
	}
	if err := s.daemons.startVswitchd(); err != nil {
		return err
	}
	err := s.daemons.vswitchd().await(ctx, func() error {
		if s.channel.conn.Load() == before {
			return errors.New("no OpenFlow connection")
		}
		return nil
	})
	if err == nil {
		err = s.healer.restore(ctx)
	}
	if err == nil {
		err = s.bridge.restoring(ctx, false)
	}
	if err != nil {
		s.daemons.vswitchd().kill() // the next attempt starts from the beginning
		return err
	}
	return s.bridge.fillChecksums(s.bridge.wantedPorts())
}
