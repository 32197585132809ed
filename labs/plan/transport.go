package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// loopbackPort is the name of the port that owns a router's loopbacks. No link can have it.
const loopbackPort = "ovs-lo"

// transport gives each router of a lab with a core its loopback, and labels for those of the
// others.
func (b *planner) transport() {
	if b.topology.Core == nil {
		return
	}
	for _, r := range b.topology.Routers {
		c := b.routers[r.Name]
		t := &config.Transport{
			Port: b.corePort(r.Name, loopbackPort), Name: loopbackPort, MAC: derivedMAC(b.topology.Name, r.Name, loopbackPort).String(),
			Addresses: b.topology.Core.LoopbacksOf(r), ExplicitNull: b.topology.Core.ExplicitNull, Pipe: b.topology.Core.Pipe,
			Labels: []vpn.Binding{}, Expect: []config.Loopback{},
		}
		for _, other := range b.topology.Loopbacks(r.Name) {
			for _, a := range b.topology.Core.LoopbacksOf(other) {
				key := config.LoopbackLabel(netip.PrefixFrom(a, a.BitLen()))
				label, ok := b.label(r.Name, key, c.Labels)
				if !ok {
					b.exhausted = append(b.exhausted, fmt.Errorf("router %s: no label left in %s for the loopback of %s; give the router a larger range (labels:)", r.Name, c.Labels, other.Name))
				}
				t.Labels = append(t.Labels, vpn.Binding{Label: label, Key: key})
				t.Expect = append(t.Expect, config.Loopback{Router: other.Name, Address: a})
			}
		}
		t.Tracking = b.tracking(r, t.Expect)
		c.Transport = t
	}
}

// tracking returns what has a router's ports be down while it is cut off; nil if nothing has,
// or the file itself leaves the router without a core.
func (b *planner) tracking(r topology.Router, others []config.Loopback) *config.Tracking {
	if r.Tracking == nil || !b.topology.InCore(r.Name) {
		return nil
	}
	t := &config.Tracking{Delay: r.Tracking.Delay}
	for _, o := range others {
		if b.topology.Inner(o.Router) {
			t.Inner = append(t.Inner, o.Address)
		}
	}
	if len(t.Inner) == len(others) { // no other router has customers: any will do
		t.Inner = nil
	}
	return t
}

// external reports whether a link leads from one AS to another.
func (b *planner) external(l topology.Link) bool {
	return slices.ContainsFunc(l.Ends, func(e topology.LinkEnd) bool { return b.routers[e.Router].AS != b.routers[l.Ends[0].Router].AS })
}
