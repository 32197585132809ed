package ovs

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// healer undoes what others do to the bridge, and restores what a new
// ovs-vswitchd lacks.
type healer struct {
	daemons *daemons
	bridge  *bridge
	flows   *flowTables
	meters  *meterTable
	channel *channel
	half    bool          // the settings are restored, the flows not yet
	rebuilt chan struct{} // holds a token after internal ports were recreated
}

// heal undoes what others do to the bridge in the database, as soon as the
// database reports it, until ctx ends.
func (h *healer) heal(ctx context.Context) {
	const pause = 200 * time.Millisecond // after a failed attempt
	first := make(chan time.Time, 1)     // an adopted bridge may have been changed meanwhile
	first <- time.Time{}
	var again <-chan time.Time = first
	for {
		c := h.daemons.connection()
		_, changed := h.daemons.generation()
		select {
		case <-ctx.Done():
			return
		case <-changed: // another connection, perhaps
		case <-c.Changed():
		case <-c.Done():
			if h.daemons.connection() != c {
				continue
			}
			if h.daemons.connect(ctx) != nil { // the server is away, and watch replaces it
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
		if err := h.healBridge(limited); err != nil && ctx.Err() == nil {
			h.channel.fault(fmt.Errorf("restore the bridge: %w", err))
			again = time.After(pause)
		}
		cancel()
	}
}

// healBridge compares the bridge with what was set, and restores that.
func (h *healer) healBridge(ctx context.Context) error {
	row, err := h.bridge.row(ctx)
	switch {
	case err != nil:
		return err
	case row == nil || !h.bridge.cfg.isBridge(row):
		return h.rebuild(ctx)
	case h.half || !h.bridge.settingsHold(rawRow(row)):
		// Another failure mode, or a controller, changes flows as well, and so does
		// its removal, which is complete when ovs-vsctl returns.
		h.half = true
		if _, err := h.bridge.tools.vsctl(ctx, h.bridge.cfg.settings()...); err != nil {
			return err
		}
		if err := h.flows.correctOwn(ctx); err != nil {
			return err
		}
		h.half = false
		h.bridge.cfg.mended("restored the settings of %s", h.bridge.cfg.Bridge)
	}
	return h.healPorts(ctx)
}

// rebuild recreates a bridge that was removed, with all that it had.
func (h *healer) rebuild(ctx context.Context) error {
	h.bridge.changing.Lock()
	defer h.bridge.changing.Unlock()
	if err := h.bridge.tools.client(ctx).VSwitch.DeleteBridge(h.bridge.cfg.Bridge); err != nil {
		return err
	}
	if _, err := h.bridge.tools.vsctl(ctx, h.bridge.cfg.bridgeTransaction()...); err != nil {
		return err
	}
	if err := h.bridge.apply(ctx, Bridge{Ports: h.bridge.wantedPorts()}); err != nil {
		return err
	}
	// The OpenFlow connection ended with the bridge, and the channel redials.
	if err := h.daemons.vswitchd().await(ctx, func() error { return h.channel.conn.Load().Barrier(ctx) }); err != nil {
		return err
	}
	if err := h.restore(ctx); err != nil {
		return err
	}
	h.tellRebuilt()
	h.bridge.cfg.mended("restored %s, which was removed", h.bridge.cfg.Bridge)
	return nil
}

func (h *healer) tellRebuilt() {
	select {
	case h.rebuilt <- struct{}{}:
	default:
	}
}

// healPorts recreates ports that were removed.
func (h *healer) healPorts(ctx context.Context) error {
	h.bridge.changing.Lock()
	defer h.bridge.changing.Unlock()
	observed, err := h.bridge.observe(ctx)
	if err != nil {
		return err
	}
	wanted := h.bridge.wantedPorts()
	missing := slices.DeleteFunc(slices.Clone(wanted), func(p Port) bool { _, there := observed.ports[p.Name]; return there })
	if len(missing) == 0 {
		return nil
	}
	if err := h.bridge.apply(ctx, Bridge{Ports: wanted}); err != nil {
		return err
	}
	for _, p := range missing {
		if p.Internal {
			h.tellRebuilt()
		}
		h.bridge.cfg.mended("restored port %s of %s", p.Name, h.bridge.cfg.Bridge)
	}
	return nil
}

// restore puts meters and flows into a bridge that has none.
func (h *healer) restore(ctx context.Context) error {
	if err := h.channel.conn.Load().SetMeters(ctx, h.meters.all()); err != nil {
		return fmt.Errorf("meters: %w", err)
	}
	return h.flows.restore(ctx)
}
