package openflow

import (
	"context"
	"errors"
)

// Meter drops what exceeds a packet rate (section 5.7).
type Meter struct {
	ID    uint32 // 1 and up
	Rate  uint32 // packets per second
	Burst uint32 // packets
}

// Commands and flags of a meter modification (section 7.3.4.5).
const (
	meterAdd    = 0
	meterModify = 1
	meterDelete = 2
	meterPktps  = 1 << 1
	meterBurst  = 1 << 2
	bandDrop    = 1
	bandSize    = 16
)

// SetMeter makes a meter, or changes the one with this ID.
func (c *Conn) SetMeter(ctx context.Context, m Meter) error {
	err := c.request(ctx, message{kind: typeMeterMod, body: m.encode(meterAdd)})
	var refused *Error
	if errors.As(err, &refused) && refused.Type == errorMeterMod && refused.Code == codeMeterExists {
		return c.request(ctx, message{kind: typeMeterMod, body: m.encode(meterModify)})
	}
	return err
}

// DeleteMeter removes a meter, and the flows that use it as an instruction. One
// that does not exist is no error.
func (c *Conn) DeleteMeter(ctx context.Context, id uint32) error {
	return c.request(ctx, message{kind: typeMeterMod, body: Meter{ID: id}.encode(meterDelete)})
}

func (m Meter) encode(command uint16) []byte {
	b := be.AppendUint16(nil, command)
	b = be.AppendUint16(b, meterPktps|meterBurst)
	b = be.AppendUint32(b, m.ID)
	if command == meterDelete {
		return b
	}
	b = be.AppendUint16(b, bandDrop)
	b = be.AppendUint16(b, bandSize)
	b = be.AppendUint32(b, m.Rate)
	b = be.AppendUint32(b, m.Burst)
	return append(b, 0, 0, 0, 0)
}
