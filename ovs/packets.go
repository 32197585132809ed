package ovs

import (
	"fmt"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// PacketIns returns the packets for the slow path. Ports and VRFs take turns: a
// busy one delays only itself, and what does not fit into its queue is dropped
// and counted. The channel is never closed: see Done.
func (s *Switch) PacketIns() <-chan PacketIn { return s.channel.packets }

// PacketInsDropped returns how many packets found the queue of their source full.
func (s *Switch) PacketInsDropped() map[Source]uint64 { return s.channel.queue.lost() }

// Faults reports what went wrong on the OpenFlow channel outside of any call: a
// lost connection (which is redialled), a packet that the switch refused to
// send. Faults that nobody reads are dropped.
func (s *Switch) Faults() <-chan error { return s.channel.faults }

// Output sends a frame out of a port, bypassing the pipeline.
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

// InjectLabeled treats a frame with labels as if it had come from another router.
func (s *Switch) InjectLabeled(frame []byte) error {
	body, err := openflow.Resubmit(uint8(pipeline.TableLabel), 0, frame)
	if err != nil {
		return err
	}
	if err := s.channel.conn.Load().PacketOut(body); err != nil {
		return fmt.Errorf("inject a labelled packet: %w", err)
	}
	return nil
}

// Inject routes an IP packet in a VRF as if it had arrived there: it is looked
// up, its TTL is decremented, and it leaves with its label. The Ethernet
// addresses of frame are ignored.
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
