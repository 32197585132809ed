package ovs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"pseudowan/ovs/openflow"
)

// Meter limits the packets per second that ports punt.
type Meter = openflow.Meter

// meterTable is the meters as last set.
type meterTable struct {
	mu   sync.Mutex
	byID map[uint32]Meter
}

func (t *meterTable) note(meters []Meter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range meters {
		t.byID[m.ID] = m
	}
}

// keep forgets all meters but the wanted ones.
func (t *meterTable) keep(wanted map[uint32]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.byID, func(id uint32, _ Meter) bool { return !wanted[id] })
}

func (t *meterTable) all() []Meter {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.byID))
}

// SetMeters adds or changes meters; others stay. Set a meter before the flows
// that use it.
func (s *Switch) SetMeters(ctx context.Context, meters ...Meter) error {
	s.meters.note(meters)
	err := s.daemons.steady(ctx, func() error { return s.channel.conn.Load().SetMeters(ctx, meters) })
	if err != nil {
		return fmt.Errorf("meters: %w", err)
	}
	return nil
}

// KeepMeters removes all meters but these. Remove the flows that use a meter
// first.
func (s *Switch) KeepMeters(ctx context.Context, meters ...Meter) error {
	wanted := make(map[uint32]bool, len(meters))
	for _, m := range meters {
		wanted[m.ID] = true
	}
	s.meters.keep(wanted)
	have, err := s.channel.conn.Load().Meters(ctx)
	if err != nil {
		return fmt.Errorf("meters: %w", err)
	}
	var ids []uint32
	for _, m := range have {
		if !wanted[m.ID] {
			ids = append(ids, m.ID)
		}
	}
	if err := s.channel.conn.Load().DeleteMeters(ctx, ids); err != nil {
		return fmt.Errorf("remove meters: %w", err)
	}
	return nil
}

// MeterStats is the counters of one meter.
type MeterStats = openflow.MeterStats

// MeterStats returns the counters of all meters.
func (s *Switch) MeterStats(ctx context.Context) ([]MeterStats, error) {
	all, err := s.channel.conn.Load().MeterStats(ctx)
	if err != nil {
		return nil, fmt.Errorf("meter statistics: %w", err)
	}
	return all, nil
}
