package ovs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pseudowan/ovs/ovsdb"
)

// protocols are the versions of OpenFlow that the bridge speaks: 1.0 is what
// ovs-ofctl speaks when it is not told otherwise.
var protocols = []string{"OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15"}

// heal puts right what others do to the bridge in the database, as soon as the
// database tells, until ctx ends.
func (s *Switch) heal(ctx context.Context) {
	const pause = 200 * time.Millisecond // after an attempt that failed
	first := make(chan time.Time, 1)     // an adopted bridge may have been changed meanwhile
	first <- time.Time{}
	var again <-chan time.Time = first
	half := false // the settings are put right, the flows not yet
	for {
		c := s.connection()
		s.daemons.Lock()
		changed := s.daemons.changed
		s.daemons.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-changed: // another connection, perhaps
		case <-c.Changed():
		case <-c.Done():
			if s.connection() != c {
				continue
			}
			if s.connect(ctx) != nil { // the server is away, which watch sees to
				select {
				case <-ctx.Done():
					return
				case <-changed:
				case <-time.After(pause):
				}
				continue
			}
		case <-again:
		}
		again = nil
		limited, cancel := context.WithTimeout(ctx, restartLimit)
		if err := s.healBridge(limited, &half); err != nil && ctx.Err() == nil {
			s.channel.fault(fmt.Errorf("put the bridge right: %w", err))
			again = time.After(pause)
		}
		cancel()
	}
}

// healBridge compares the bridge with what was set, and puts it right.
func (s *Switch) healBridge(ctx context.Context, half *bool) error {
	row, err := s.bridgeRow(ctx)
	switch {
	case err != nil:
		return err
	case row == nil || !s.cfg.isBridge(row):
		return s.rebuild(ctx)
	case *half || !s.settingsHold(rawRow(row)):
		// Another failure mode, or a controller, changes flows as well, and so does
		// the way back. It is over when ovs-vsctl returns.
		*half = true
		if _, err := s.tools.vsctl(ctx, s.cfg.settings()...); err != nil {
			return err
		}
		if err := s.correctOwn(ctx); err != nil {
			return err
		}
		*half = false
		s.mended("put back the settings of %s", s.cfg.Bridge)
	}
	return s.healPorts(ctx)
}

// settingsHold reports whether the bridge has what keeps it from switching
// packets by anything but our flows.
func (s *Switch) settingsHold(r row) bool {
	return r.text("fail_mode") == "secure" && len(r.set("controller")) == 0 &&
		r.pairs("other_config")["datapath-id"] == s.cfg.datapathID() &&
		slices.Equal(slices.Sorted(slices.Values(r.set("protocols"))), protocols)
}

// settings are the arguments of ovs-vsctl that put the settings right.
func (c Config) settings() []string {
	return []string{
		"clear", "bridge", c.Bridge, "controller", "--", "set", "bridge", c.Bridge, "fail_mode=secure",
		"protocols=[" + strings.Join(protocols, ",") + "]", "other_config:datapath-id=" + c.datapathID(),
	}
}

// correction puts the settings right in the database.
func (s *Switch) correction() []ovsdb.Operation {
	const id = "datapath-id"
	return []ovsdb.Operation{
		{"op": "update", "table": "Bridge", "where": s.thisBridge(), "row": map[string]any{
			"fail_mode": "secure", "controller": []any{"set", []any{}}, "protocols": []any{"set", protocols},
		}},
		{"op": "mutate", "table": "Bridge", "where": s.thisBridge(), "mutations": []any{
			[]any{"other_config", "delete", []any{"set", []any{id}}},
			[]any{"other_config", "insert", []any{"map", [][2]string{{id, s.cfg.datapathID()}}}},
		}},
	}
}

// correctOwn makes the flows what the switch was told.
func (s *Switch) correctOwn(ctx context.Context) error {
	s.flowing.Lock()
	defer s.flowing.Unlock()
	if _, err := s.ofctl(ctx, s.memory.file(), "--bundle", "replace-flows", s.cfg.Bridge, "-"); err != nil {
		return fmt.Errorf("bridge %s: correct its flows: %w", s.cfg.Bridge, err)
	}
	return nil
}

// rebuild makes a bridge that somebody has removed, with all that it had.
func (s *Switch) rebuild(ctx context.Context) error {
	s.bridging.Lock()
	defer s.bridging.Unlock()
	if err := s.tools.client(ctx).VSwitch.DeleteBridge(s.cfg.Bridge); err != nil {
		return err
	}
	if _, err := s.tools.vsctl(ctx, s.cfg.bridgeTransaction()...); err != nil {
		return err
	}
	if err := s.apply(ctx, Bridge{Ports: s.wantedPorts()}); err != nil {
		return err
	}
	// The OpenFlow connection ends with the bridge, and is made again.
	if err := s.vswitchd().await(ctx, func() error { return s.channel.conn.Load().Barrier(ctx) }); err != nil {
		return err
	}
	if err := s.putBack(ctx); err != nil {
		return err
	}
	s.tellRebuilt()
	s.mended("restored %s, which was removed", s.cfg.Bridge)
	return nil
}

func (s *Switch) tellRebuilt() {
	select {
	case s.rebuilt <- struct{}{}:
	default:
	}
}

// healPorts makes ports anew that somebody has removed.
func (s *Switch) healPorts(ctx context.Context) error {
	s.bridging.Lock()
	defer s.bridging.Unlock()
	observed, err := s.observe(ctx)
	if err != nil {
		return err
	}
	wanted := s.wantedPorts()
	missing := slices.DeleteFunc(slices.Clone(wanted), func(p Port) bool { _, there := observed.ports[p.Name]; return there })
	if len(missing) == 0 {
		return nil
	}
	if err := s.apply(ctx, Bridge{Ports: wanted}); err != nil {
		return err
	}
	for _, p := range missing {
		if p.Internal {
			s.tellRebuilt()
		}
		s.mended("restored port %s of %s", p.Name, s.cfg.Bridge)
	}
	return nil
}

func (s *Switch) wantedPorts() []Port {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ports []Port
	for _, p := range s.ports {
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b Port) int { return int(a.Number) - int(b.Number) })
	return ports
}

// steady repeats f where it fails because a daemon was being replaced
// meanwhile.
func (s *Switch) steady(ctx context.Context, f func() error) error {
	for {
		s.daemons.Lock()
		restarts, changed := s.daemons.restarts, s.daemons.changed
		s.daemons.Unlock()
		err := f()
		if err == nil || ctx.Err() != nil {
			return err
		}
		const grace = 200 * time.Millisecond // the end of a process may be seen a little later
		select {
		case <-s.vswitchd().exited:
		case <-s.database().exited:
		case <-changed:
			continue
		case <-time.After(grace):
			return err
		}
		if s.restartsSince(restarts) {
			continue
		}
		select {
		case <-changed:
		case <-s.done:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

func (s *Switch) restartsSince(n int) bool {
	s.daemons.Lock()
	defer s.daemons.Unlock()
	return s.daemons.restarts != n
}
