package openflow

import (
	"context"
	"fmt"
	"math"
)

// Multipart types (section 7.3.5).
const (
	multipartFlow   = 1
	multipartPort   = 4
	multipartMeter  = 9
	multipartMeters = 10
)

const (
	flagMore      = 1
	anyPort       = 0xffffffff
	allTables     = 0xff
	flowStatsSize = 48 // of the fixed part
	portStatsSize = 112
)

// FlowStats is the counters of one flow.
type FlowStats struct {
	Cookie  uint64
	Packets uint64
	Bytes   uint64
}

// PortStats is the counters of one port.
type PortStats struct {
	Port                 uint32
	RxPackets, TxPackets uint64
	RxBytes, TxBytes     uint64
	RxErrors, TxErrors   uint64
}

// FlowStats returns the counters of every flow, in several requests, a power of two, that
// divide the flows by the last bits of their cookies: a netdev datapath does not forward while
// the switch answers one.
func (c *Conn) FlowStats(ctx context.Context, requests uint64) (all []FlowStats, err error) {
	for i := range requests {
		part, err := collect(ctx, c, multipartFlow, appendFlowStats, flowRequest(i, requests-1))
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

// FlowStatsOf returns the counters of the flows with some cookies, which the switch finds
// without a look at others. It is for at most a few hundred.
func (c *Conn) FlowStatsOf(ctx context.Context, cookies []uint64) ([]FlowStats, error) {
	if len(cookies) == 0 {
		return nil, nil
	}
	requests := make([][]byte, len(cookies))
	for i, cookie := range cookies {
		requests[i] = flowRequest(cookie, math.MaxUint64)
	}
	return collect(ctx, c, multipartFlow, appendFlowStats, requests...)
}

// flowRequest asks for the flows whose cookies agree in the bits of mask.
func flowRequest(cookie, mask uint64) []byte {
	req := []byte{allTables, 0, 0, 0}
	req = be.AppendUint32(req, anyPort)
	req = be.AppendUint32(req, anyPort) // any group
	req = be.AppendUint32(req, 0)
	req = be.AppendUint64(req, cookie)
	req = be.AppendUint64(req, mask)
	return append(req, 0, 1, 0, 4, 0, 0, 0, 0) // empty match
}

// PortStats returns the counters of every port.
func (c *Conn) PortStats(ctx context.Context) ([]PortStats, error) {
	req := be.AppendUint32(nil, anyPort)
	return collect(ctx, c, multipartPort, appendPortStats, append(req, 0, 0, 0, 0))
}

// collect sends multipart requests and joins the contents of their replies.
func collect[T any](ctx context.Context, c *Conn, kind uint16, decode func([]T, []byte) ([]T, error), requests ...[]byte) ([]T, error) {
	messages := make([]message, len(requests))
	for i, req := range requests {
		body := be.AppendUint16(nil, kind)
		body = append(body, make([]byte, 6)...)
		messages[i] = message{kind: typeMultipartRequest, body: append(body, req...)}
	}
	var all []T
	waits := len(requests)
	err := c.exchange(ctx, messages, func(r message) (last bool, err error) {
		if r.kind != typeMultipartReply || len(r.body) < 8 {
			return false, fmt.Errorf("multipart %d: unexpected reply of type %d", kind, r.kind)
		}
		all, err = decode(all, r.body[8:])
		if be.Uint16(r.body[2:])&flagMore == 0 {
			waits--
		}
		return waits == 0, err
	})
	return all, err
}

func appendFlowStats(all []FlowStats, b []byte) ([]FlowStats, error) {
	for len(b) > 0 {
		if len(b) < flowStatsSize {
			return all, fmt.Errorf("flow statistics: %w", errShort)
		}
		length := int(be.Uint16(b))
		if length < flowStatsSize || length > len(b) {
			return all, fmt.Errorf("flow statistics: entry of %d octets: %w", length, errShort)
		}
		all = append(all, FlowStats{Cookie: be.Uint64(b[24:]), Packets: be.Uint64(b[32:]), Bytes: be.Uint64(b[40:])})
		b = b[length:]
	}
	return all, nil
}

func appendPortStats(all []PortStats, b []byte) ([]PortStats, error) {
	for ; len(b) > 0; b = b[portStatsSize:] {
		if len(b) < portStatsSize {
			return all, fmt.Errorf("port statistics: %w", errShort)
		}
		all = append(all, PortStats{
			Port:      be.Uint32(b),
			RxPackets: counter(b[8:]), TxPackets: counter(b[16:]),
			RxBytes: counter(b[24:]), TxBytes: counter(b[32:]),
			RxErrors: counter(b[56:]), TxErrors: counter(b[64:]),
		})
	}
	return all, nil
}

// counter reads a counter of a port. All ones mean that the switch does not
// count, as for a port without an interface (section 7.3.5.6), and read as 0.
func counter(b []byte) uint64 {
	n := be.Uint64(b)
	if n == math.MaxUint64 {
		return 0
	}
	return n
}
