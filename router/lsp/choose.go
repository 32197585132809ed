package lsp

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
)

// candidate is a route that can be used.
type candidate struct {
	bgp.Route
	hop    Hop
	metric uint64
}

// NoMetric is the accumulated metric of a route without one: such a route is used if
// there is no other (RFC 7311 section 4).
const NoMetric = math.MaxUint64 / 2

// choose returns the best path to a loopback, and the next best through another neighbour.
func (t *Table) choose(to netip.Prefix) (p Path, ok bool) {
	var list []candidate
	if t.cfg != nil && to.IsSingleIP() && !slices.Contains(t.own(t.cfg), to) {
		for r := range maps.Values(t.heard[to]) {
			if c, ok := t.usable(r); ok {
				list = append(list, c)
			}
		}
	}
	if len(list) == 0 {
		return Path{}, false
	}
	slices.SortFunc(list, compare)
	p = Path{Hop: list[0].hop, Metric: list[0].metric, route: list[0].Route}
	p.Equal = slots(addresses(t.paths[to].Equal), equal(list))
	p.lsp.Spread = spread(p.Equal)
	for _, c := range list[1:] {
		if c.hop.Addr != p.Addr {
			p.Backup = &c.hop
			break
		}
	}
	return p, true
}

// compare puts the shortest path first.
func compare(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(a.metric, b.metric), cmp.Compare(a.ASPath.Len(), b.ASPath.Len()), cmp.Compare(len(a.ClusterList), len(b.ClusterList)),
		a.PeerID.Compare(b.PeerID), a.Peer.Compare(b.Peer),
	)
}

// usable returns a route with the way to its next hop; ok is false if there is none.
func (t *Table) usable(r bgp.Route) (c candidate, ok bool) {
	metric, peer := t.metrics[r.Peer]
	if !peer || r.Unusable != "" {
		return c, false
	}
	port, mac := t.links.At(r.NextHop)
	if port == nil || mac == nil || !t.links.Usable(r.NextHop) {
		return c, false
	}
	c = candidate{Route: r, metric: NoMetric}
	if r.AIGP != nil {
		c.metric = min(*r.AIGP, NoMetric)
	}
	c.metric = min(c.metric+uint64(metric), NoMetric)
	c.hop = Hop{Addr: r.NextHop, Link: port.Name, Out: r.Label, mtu: port.MTU, lsp: pipeline.LSP{
		IPv6: r.Prefix.Addr().Is6(), Up: true, Port: port.Port, SrcMAC: port.HardwareAddr, DstMAC: mac,
		Out: uint32(r.Label), Pipe: t.cfg.Pipe,
	}}
	return c, true
}
