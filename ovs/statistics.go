package ovs

import (
	"context"
	"fmt"
	"slices"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// Counter is the counters of a flow.
type Counter struct {
	Packets uint64
	Bytes   uint64 // octets of Ethernet frames without FCS, as they came into the flow's table
}

// Counters returns the counters of all flows by cookie. They lag behind the
// packets by up to two seconds; with exact they are updated first, which takes
// about 0.3 s.
func (s *Switch) Counters(ctx context.Context, exact bool) (map[pipeline.Cookie]Counter, error) {
	if exact {
		// The first wait ends with a round that may have begun before the last
		// packets, the second with a later one.
		for range 2 {
			if _, err := s.daemons.tools.run(ctx, nil, "ovs-appctl", "revalidator/wait"); err != nil {
				return nil, fmt.Errorf("counters: %w", err)
			}
		}
	}
	stats, err := s.channel.conn.Load().FlowStats(ctx)
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	counters := make(map[pipeline.Cookie]Counter, len(stats))
	for _, f := range stats {
		c := counters[pipeline.Cookie(f.Cookie)]
		c.Packets += f.Packets
		c.Bytes += f.Bytes
		counters[pipeline.Cookie(f.Cookie)] = c
	}
	return counters, nil
}

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
