package router

import (
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/meter"
)

// vrfFlows programs what follows from the configuration alone: unreachable by
// default, the gateways' own addresses, connected subnets, incoming labels.
func (r *reactor) vrfFlows() {
	r.vrfs = map[string]*config.VRF{}
	var flows []pipeline.Flow
	var labels []pipeline.InLabel
	for i := range r.cfg.VRFs {
		v := &r.cfg.VRFs[i]
		r.vrfs[v.Name] = v
		flows = append(flows, pipeline.VRF{ID: v.ID, Meter: meter.VRF(v.ID)}.Flows()...)
		for _, b := range r.bindings(v) {
			labels = append(labels, r.inLabel(v, b))
		}
	}
	r.fib.Replace(flows, pipeline.KindVRF)
	r.fib.ReplaceLabels(labels)
	connected := map[fib.Key]pipeline.Target{}
	for _, p := range r.access {
		for _, g := range p.Gateways {
			if g.Masked() != hostPrefix(g.Addr()) {
				connected[fib.Key{VRF: p.vrf.ID, Prefix: g.Masked()}] = pipeline.Punt(pipeline.ReasonGlean)
			}
			connected[fib.Key{VRF: p.vrf.ID, Prefix: hostPrefix(g.Addr())}] = pipeline.Punt(pipeline.ReasonLocal)
		}
	}
	for key := range r.connected {
		r.dirty[key] = true
	}
	for key := range connected {
		r.dirty[key] = true
	}
	r.connected = connected
}

// inLabel is what becomes of packets with a label of ours: a label for a next
// hop goes straight to it, any other is looked up in the VRF.
func (r *reactor) inLabel(v *config.VRF, b vpn.Binding) pipeline.InLabel {
	in := pipeline.InLabel{Label: uint32(b.Label), VRF: v.ID, IPv6: b.Key.Family == vpn.VPNv6}
	if !b.Key.NextHop.IsValid() {
		return in
	}
	if p := r.portOf(v, b.Key.NextHop); p != nil {
		in.Adjacency, in.MTU = r.accessAdjacency(p, b.Key.NextHop), r.checkedMTU(p.MTU)
	}
	return in
}

// portOf is the port of the VRF whose subnet holds an address most narrowly; the
// zone of a link-local address names it.
func (r *reactor) portOf(v *config.VRF, addr netip.Addr) *accessPort {
	var best *accessPort
	bits := -1
	for _, p := range r.access {
		if p.vrf.ID != v.ID {
			continue
		}
		for _, g := range p.Gateways {
			better := g.Bits() > bits || g.Bits() == bits && p.Port < best.Port
			if (g.Contains(addr) || p.Name == addr.Zone()) && better {
				best, bits = p, g.Bits()
			}
		}
	}
	return best
}

func tableVRFs(cfg config.Router) []bgp.VRF {
	var out []bgp.VRF
	for _, v := range cfg.VRFs {
		out = append(out, bgp.VRF{ID: v.ID, Name: v.Name, RD: v.RD, Import: v.Import, Export: v.Export})
	}
	return out
}

// mostOwnAS is how often our own AS may stand in the AS path of a route that
// another router of the AS accepted: the most that a topology can allow it.
const mostOwnAS = 10

// speakerNeighbors translates the plan's sessions for the speaker.
func speakerNeighbors(cfg config.Router) []bgp.Neighbor {
	var out []bgp.Neighbor
	for _, s := range cfg.Sessions {
		n := bgp.Neighbor{
			Address: s.PeerAddress, LocalAddress: s.LocalAddress, AS: s.PeerAS, Families: s.Families,
			MED: s.MED, LocalPref: s.LocalPref,
			HoldTime: s.HoldTime, Keepalive: s.Keepalive, ConnectRetry: s.ConnectRetry,
			Passive: s.Passive, Password: s.Password, GTSM: s.GTSM, Client: s.Client,
			NextHopSelf: s.NextHopSelf, MaxPrefixes: s.MaxPrefixes,
		}
		if s.PeerAS == cfg.AS { // what a router of ours has allowed a customer is not refused by another
			n.AllowOwnAS = mostOwnAS
		}
		for _, c := range cfg.Core {
			if c.Name == s.Interface && s.PeerAddress.Is6() && s.PeerAddress.IsLinkLocalUnicast() {
				n.Interface = c.BGPName
			}
		}
		out = append(out, n)
	}
	return out
}
