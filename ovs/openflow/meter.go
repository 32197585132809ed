package openflow

import (
	"context"
	"fmt"
)

// Meter drops what exceeds a packet rate (section 5.7).
type Meter struct {
	ID    uint32 // 1 and up
	Rate  uint32 // packets per second
	Burst uint32 // packets
}

// MeterStats is the counters of a meter.
type MeterStats struct {
	ID      uint32
	Packets uint64 // all
	Dropped uint64 // those above the rate
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
	allMeters   = 0xffffffff
)

// SetMeters adds the meters that the switch lacks, and changes those that differ.
// Others stay.
func (c *Conn) SetMeters(ctx context.Context, meters []Meter) error {
	have, err := c.Meters(ctx)
	if err != nil {
		return err
	}
	known := make(map[uint32]Meter, len(have))
	for _, m := range have {
		known[m.ID] = m
	}
	var mods []message
	for _, m := range meters {
		switch was, there := known[m.ID]; {
		case !there:
			mods = append(mods, message{kind: typeMeterMod, body: m.encode(meterAdd)})
		case was != m:
			mods = append(mods, message{kind: typeMeterMod, body: m.encode(meterModify)})
		}
		known[m.ID] = m
	}
	if len(mods) == 0 {
		return nil
	}
	return c.request(ctx, mods...)
}

// DeleteMeters removes meters, and the flows that use them as an instruction.
// Removing an absent meter is no error.
func (c *Conn) DeleteMeters(ctx context.Context, ids []uint32) error {
	if len(ids) == 0 {
		return nil
	}
	var mods []message
	for _, id := range ids {
		mods = append(mods, message{kind: typeMeterMod, body: Meter{ID: id}.encode(meterDelete)})
	}
	return c.request(ctx, mods...)
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

// Meters returns the meters of the switch.
func (c *Conn) Meters(ctx context.Context) ([]Meter, error) {
	return collect(ctx, c, multipartMeters, appendMeters, everyMeter())
}

// MeterStats returns the counters of every meter.
func (c *Conn) MeterStats(ctx context.Context) ([]MeterStats, error) {
	return collect(ctx, c, multipartMeter, appendMeterStats, everyMeter())
}

func everyMeter() []byte { return append(be.AppendUint32(nil, allMeters), 0, 0, 0, 0) }

// appendMeters decodes meter configurations (section 7.3.5.11). Of a meter with
// several bands, which is not ours, it keeps the last one.
func appendMeters(all []Meter, b []byte) ([]Meter, error) {
	const fixed = 8
	for len(b) > 0 {
		if len(b) < fixed {
			return all, fmt.Errorf("meter: %w", errShort)
		}
		length := int(be.Uint16(b))
		if length < fixed || length > len(b) {
			return all, fmt.Errorf("meter: entry of %d octets: %w", length, errShort)
		}
		m := Meter{ID: be.Uint32(b[4:])}
		for bands := b[fixed:length]; len(bands) >= bandSize; bands = bands[bandSize:] {
			m.Rate, m.Burst = be.Uint32(bands[4:]), be.Uint32(bands[8:])
		}
		all = append(all, m)
		b = b[length:]
	}
	return all, nil
}

// appendMeterStats decodes the counters of meters (section 7.3.5.10).
func appendMeterStats(all []MeterStats, b []byte) ([]MeterStats, error) {
	const fixed, band = 40, 16
	for len(b) > 0 {
		if len(b) < fixed {
			return all, fmt.Errorf("meter statistics: %w", errShort)
		}
		length := int(be.Uint16(b[4:]))
		if length < fixed || length > len(b) {
			return all, fmt.Errorf("meter statistics: entry of %d octets: %w", length, errShort)
		}
		s := MeterStats{ID: be.Uint32(b), Packets: be.Uint64(b[16:])}
		for bands := b[fixed:length]; len(bands) >= band; bands = bands[band:] {
			s.Dropped += be.Uint64(bands)
		}
		all = append(all, s)
		b = b[length:]
	}
	return all, nil
}
