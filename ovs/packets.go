package ovs

import (
	"context"
	"fmt"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// PacketIns is the queue of packets for the slow path. It is never closed: see
// Done. When it is full, packets are dropped and counted.
func (s *Switch) PacketIns() <-chan PacketIn { return s.channel.packets }

// PacketInsDropped is how many packets found the queue full.
func (s *Switch) PacketInsDropped() uint64 { return s.channel.dropped.Load() }

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

// SetMeters makes or changes meters. Set a meter before the flows that use it.
func (s *Switch) SetMeters(ctx context.Context, meters ...Meter) error {
	for _, m := range meters {
		if err := s.channel.conn.Load().SetMeter(ctx, m); err != nil {
			return fmt.Errorf("meter %d: %w", m.ID, err)
		}
	}
	return nil
}

// DeleteMeters removes meters. One that does not exist is no error.
func (s *Switch) DeleteMeters(ctx context.Context, ids ...uint32) error {
	for _, id := range ids {
		if err := s.channel.conn.Load().DeleteMeter(ctx, id); err != nil {
			return fmt.Errorf("meter %d: %w", id, err)
		}
	}
	return nil
}
