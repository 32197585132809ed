package ovs

import (
	"fmt"

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
