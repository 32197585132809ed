package ovs

import (
	"context"
	"fmt"
	"slices"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// Counter is what a flow has seen.
type Counter struct {
	Packets uint64
	Bytes   uint64 // octets of Ethernet frames without FCS, as they came into the flow's table
}

// Counters returns the counters of all flows by cookie. They lag behind the
// packets by up to half a second; with exact they are brought up to date first,
// which takes about 0.3 s.
func (s *Switch) Counters(ctx context.Context, exact bool) (map[pipeline.Cookie]Counter, error) {
	if exact {
		// The first wait ends with a round that may have begun before the last
		// packets, the second with one that saw them.
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

// Trace tells what the pipeline would do with a packet that flow describes in
// the syntax of ovs-ofctl(8), as in
// "in_port=3,ip,dl_dst=00:00:5e:00:01:01,nw_dst=30.1.0.2,nw_ttl=64".
func (s *Switch) Trace(ctx context.Context, flow string) (string, error) {
	out, err := s.daemons.tools.run(ctx, nil, "ovs-appctl", "ofproto/trace", s.cfg.Bridge, flow)
	if err != nil {
		return "", fmt.Errorf("trace %q: %w", flow, err)
	}
	return string(out), nil
}
