package ovs

import (
	"context"
	"fmt"
	"maps"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// PacketIns is the packets for the slow path. Ports and VRFs take turns: one
// that has much to say waits for itself alone, and what does not fit its own
// queue is dropped and counted. The channel is never closed: see Done.
func (s *Switch) PacketIns() <-chan PacketIn { return s.channel.packets }

// PacketInsDropped is how many packets found the queue of their source full.
func (s *Switch) PacketInsDropped() map[Source]uint64 { return s.channel.queue.lost() }

// Faults tells what went wrong on the OpenFlow channel while nobody waited: a
// lost connection (it is made again), a packet that the switch refused to send.
// Faults that nobody reads are dropped.
func (s *Switch) Faults() <-chan error { return s.channel.faults }

// Output sends a frame out of a port, past the pipeline.
func (s *Switch) Output(port uint32, frame []byte) error {
	body, err := openflow.Output(port, frame)
	if err != nil {
		return err
	}
	if err := s.channel.conn.Load().PacketOut(body); err != nil {
		return fmt.Errorf("send to port %d: %w", port, err)
	}
	return nil
}

// Inject routes an IP packet in a VRF as if it had arrived there: it is looked
// up, its TTL decremented, and it leaves with its label. The Ethernet addresses
// of frame do not matter.
func (s *Switch) Inject(vrf uint32, frame []byte) error {
	body, err := openflow.Resubmit(uint8(pipeline.TableRoute), uint64(vrf), frame)
	if err != nil {
		return err
	}
	if err := s.channel.conn.Load().PacketOut(body); err != nil {
		return fmt.Errorf("inject into VRF %d: %w", vrf, err)
	}
	return nil
}

// Meter is a limit in packets per second for what ports punt.
type Meter = openflow.Meter

// SetMeters makes or changes meters; others stay. Set a meter before the flows
// that use it.
func (s *Switch) SetMeters(ctx context.Context, meters ...Meter) error {
	s.mu.Lock()
	for _, m := range meters {
		s.meters[m.ID] = m
	}
	s.mu.Unlock()
	err := s.steady(ctx, func() error { return s.channel.conn.Load().SetMeters(ctx, meters) })
	if err != nil {
		return fmt.Errorf("meters: %w", err)
	}
	return nil
}

// KeepMeters removes all meters but these. Remove the flows that use them
// before.
func (s *Switch) KeepMeters(ctx context.Context, meters ...Meter) error {
	wanted := make(map[uint32]bool, len(meters))
	for _, m := range meters {
		wanted[m.ID] = true
	}
	s.mu.Lock()
	maps.DeleteFunc(s.meters, func(id uint32, _ Meter) bool { return !wanted[id] })
	s.mu.Unlock()
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
