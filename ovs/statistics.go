package ovs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// Counter is the counters of a flow.
type Counter struct {
	Packets uint64
	Bytes   uint64 // octets of Ethernet frames without FCS, as they came into the flow's table
}

// Counters returns the counters of all flows by cookie. They lag behind the
// packets by up to ten seconds; with exact they are updated first.
func (s *Switch) Counters(ctx context.Context, exact bool) (map[pipeline.Cookie]Counter, error) {
	if exact {
		if err := s.UpdateCounters(ctx); err != nil {
			return nil, err
		}
	}
	stats, err := s.channel.conn.Load().FlowStats(ctx, requestsFor(s.flows.number()))
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	return byCookie(stats), nil
}

// listedAtOnce is about how many flows the switch lists before it forwards packets again.
const listedAtOnce = 4096

// requestsFor returns in how many requests to ask for so many flows, a power of two.
func requestsFor(flows int) uint64 {
	requests := uint64(1)
	for requests*listedAtOnce < uint64(flows) {
		requests *= 2
	}
	return requests
}

// UpdateCounters makes the counters those of all packets so far.
func (s *Switch) UpdateCounters(ctx context.Context) error {
	// The first wait ends with a round that may have begun before the last packets, the
	// second with a later one.
	for range 2 {
		if err := s.revalidate(ctx); err != nil {
			return fmt.Errorf("counters: %w", err)
		}
	}
	return nil
}

// CountersOf returns the counters of the flows with some cookies, which takes a time that
// depends on their number alone. Those of unknown cookies are missing.
func (s *Switch) CountersOf(ctx context.Context, cookies []pipeline.Cookie) (map[pipeline.Cookie]Counter, error) {
	const atOnce = 128 // requests that fit a socket's buffer
	var all []openflow.FlowStats
	for part := range slices.Chunk(cookies, atOnce) {
		numbers := make([]uint64, len(part))
		for i, c := range part {
			numbers[i] = uint64(c)
		}
		stats, err := s.channel.conn.Load().FlowStatsOf(ctx, numbers)
		if err != nil {
			return nil, fmt.Errorf("counters: %w", err)
		}
		all = append(all, stats...)
	}
	return byCookie(all), nil
}

func byCookie(stats []openflow.FlowStats) map[pipeline.Cookie]Counter {
	counters := make(map[pipeline.Cookie]Counter, len(stats))
	for _, f := range stats {
		c := counters[pipeline.Cookie(f.Cookie)]
		c.Packets += f.Packets
		c.Bytes += f.Bytes
		counters[pipeline.Cookie(f.Cookie)] = c
	}
	return counters
}

// unreached is a flow where no packet comes.
var unreached = openflow.Flow{Table: 200, Actions: "drop"}

// revalidate waits for a round of Open vSwitch over its datapath flows, in which it
// also reads their counters. It begins one at once where flows change, as here by one
// that is gone again in the same bundle, and else when countersEvery is over.
func (s *Switch) revalidate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.daemons.tools.run(ctx, nil, "ovs-appctl", "revalidator/wait")
		ended <- err
	}()
	for {
		if err := s.channel.conn.Load().Change(ctx, []openflow.Flow{unreached}, []openflow.Flow{unreached}); err != nil {
			return err
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(revalidateAgain):
		}
	}
}

// revalidateAgain is how long a process that waits for a round may take to start.
const revalidateAgain = 20 * time.Millisecond

// PortStats is the counters of one port.
type PortStats = openflow.PortStats

// PortStats returns the counters of all ports except the bridge's own.
func (s *Switch) PortStats(ctx context.Context) ([]PortStats, error) {
	all, err := s.channel.conn.Load().PortStats(ctx)
	if err != nil {
		return nil, fmt.Errorf("port statistics: %w", err)
	}
	return slices.DeleteFunc(all, func(p PortStats) bool { return p.Port > maxPort }), nil
}
