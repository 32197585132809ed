package openflow

import (
	"fmt"
	"math"
)

// PortController is the port number of packets from a controller.
const PortController uint32 = 0xfffffffd

// Header classes and fields of extensible matches (section 7.2.3.2 and
// nicira-ext).
const (
	classNicira   = 0x0001
	classBasic    = 0x8000
	fieldInPort   = 0
	fieldMetadata = 2
)

// registers is the number of 32-bit registers in a PacketIn.
const registers = 10

// PacketIn is a packet that the pipeline handed to the controller.
type PacketIn struct {
	InPort   uint32
	Metadata uint64
	Reg      [registers]uint32
	Frame    []byte // the Ethernet frame, as long as the action's max_len allows
}

// decodePacketIn reads the body of an OFPT_PACKET_IN (section 7.4.1). The frame
// aliases b.
func decodePacketIn(b []byte) (PacketIn, error) {
	const fixed = 16
	if len(b) < fixed+4 {
		return PacketIn{}, fmt.Errorf("packet-in: %w", errShort)
	}
	matchLen := int(be.Uint16(b[fixed+2:]))
	padded := (matchLen + 7) / 8 * 8
	if matchLen < 4 || len(b) < fixed+padded+2 {
		return PacketIn{}, fmt.Errorf("packet-in: match: %w", errShort)
	}
	var p PacketIn
	if err := p.decodeFields(b[fixed+4 : fixed+matchLen]); err != nil {
		return PacketIn{}, err
	}
	p.Frame = b[fixed+padded+2:]
	return p, nil
}

func (p *PacketIn) decodeFields(b []byte) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return fmt.Errorf("packet-in: match field: %w", errShort)
		}
		class, field, size := be.Uint16(b), b[2]>>1, int(b[3])
		if len(b) < 4+size {
			return fmt.Errorf("packet-in: match field %#x/%d: %w", class, field, errShort)
		}
		value := b[4 : 4+size]
		b = b[4+size:]
		switch {
		case class == classBasic && field == fieldInPort && size == 4:
			p.InPort = be.Uint32(value)
		case class == classBasic && field == fieldMetadata && size == 8:
			p.Metadata = be.Uint64(value)
		case class == classNicira && field < registers && size == 4:
			p.Reg[field] = be.Uint32(value)
		}
	}
	return nil
}

// Action types and the Nicira vendor (section 7.2.4, nicira-ext).
const (
	actionOutput      = 0
	actionSetField    = 25
	actionVendor      = 0xffff
	vendorNicira      = 0x00002320
	niciraResubmit    = 14
	portInPort16      = 0xfff8
	noBuffer          = 0xffffffff
	maxPacketOutFrame = math.MaxUint16 - 128
)

// Output builds a packet-out that sends a frame out of a port.
func Output(port uint32, frame []byte) ([]byte, error) {
	a := be.AppendUint16(nil, actionOutput)
	a = be.AppendUint16(a, 16)
	a = be.AppendUint32(a, port)
	a = append(a, make([]byte, 8)...)
	return packetOut(a, frame)
}

// Resubmit builds a packet-out that sends a frame through the pipeline from a
// table on, with the given metadata and the controller as its ingress port.
func Resubmit(table uint8, metadata uint64, frame []byte) ([]byte, error) {
	a := be.AppendUint16(nil, actionSetField)
	a = be.AppendUint16(a, 16)
	a = be.AppendUint16(a, classBasic)
	a = append(a, fieldMetadata<<1, 8)
	a = be.AppendUint64(a, metadata)

	a = be.AppendUint16(a, actionVendor)
	a = be.AppendUint16(a, 16)
	a = be.AppendUint32(a, vendorNicira)
	a = be.AppendUint16(a, niciraResubmit)
	a = be.AppendUint16(a, portInPort16)
	a = append(a, table, 0, 0, 0)
	return packetOut(a, frame)
}

// packetOut encodes the body of an OFPT_PACKET_OUT (section 7.3.7).
func packetOut(actions, frame []byte) ([]byte, error) {
	if len(frame) > maxPacketOutFrame {
		return nil, fmt.Errorf("packet-out: frame of %d octets does not fit into a message", len(frame))
	}
	b := make([]byte, 0, 16+len(actions)+len(frame))
	b = be.AppendUint32(b, noBuffer)
	b = be.AppendUint32(b, PortController)
	b = be.AppendUint16(b, uint16(len(actions)))
	b = append(b, make([]byte, 6)...)
	b = append(b, actions...)
	return append(b, frame...), nil
}
