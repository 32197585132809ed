package router

import (
	"context"
	"maps"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/status"
)

func (a *agent) ribRows(ctx context.Context, sel status.Selection) ([]status.RIB, error) {
	rows := []status.RIB{}
	rds, err := inLoop(ctx, a.loop, func() map[string]bool { return a.loop.rds(sel.VRF) })
	if err != nil {
		return nil, err
	}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		paths, err := a.ribPaths(ctx, f, sel)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			if sel.Has(p.Prefix) && (sel.VRF == "" || rds[p.RD.String()]) {
				rows = append(rows, a.ribRow(f, p))
			}
		}
	}
	return rows, nil
}

func (a *agent) ribRow(f vpn.Family, p bgp.RIBPath) status.RIB {
	return status.RIB{
		Router: a.name, Family: string(f), RD: p.RD.String(), Prefix: p.Prefix, NextHop: p.NextHop,
		Label: uint32(p.Label), Targets: texts(p.Targets), Best: p.Best,
		ASPath: p.ASPath.String(), Origin: status.Origin(p.Origin.String()), MED: p.MED, LocalPref: p.LocalPref,
		Unusable: p.Unusable, Peer: p.Peer, Weight: p.Weight, Stale: p.Stale,
		Communities: texts(p.Communities), Large: texts(p.LargeCommunities), Extended: texts(p.Extended),
	}
}

// ribPaths lists paths of a family, at least the selected ones.
func (a *agent) ribPaths(ctx context.Context, f vpn.Family, sel status.Selection) ([]bgp.RIBPath, error) {
	if !sel.Prefix.IsValid() {
		return a.speaker.RIB(ctx, f)
	}
	to, err := a.destinations(ctx, func(d bgp.Destination) bool { return vpn.FamilyOf(d.Prefix) == f && sel.Has(d.Prefix) })
	if err != nil || len(to) == 0 {
		return nil, err
	}
	return a.speaker.RIBOf(ctx, f, to)
}

// destinations lists those of the speaker's VPN tables that keep takes, in no order.
func (a *agent) destinations(ctx context.Context, keep func(bgp.Destination) bool) ([]bgp.Destination, error) {
	wanted := make(map[bgp.Destination]bool)
	add := func(d bgp.Destination) {
		if keep(d) {
			wanted[d] = true
		}
	}
	if _, err := inLoop(ctx, a.loop, func() struct{} {
		for r := range a.loop.vrfs.Received() {
			add(r.Key().Destination())
		}
		return struct{}{}
	}); err != nil {
		return nil, err
	}
	for _, d := range a.speaker.Ours() {
		add(d)
	}
	return slices.Collect(maps.Keys(wanted)), nil
}

// rds returns the RDs of a VRF, given by its name or RD.
func (l *loop) rds(vrf string) map[string]bool {
	rds := map[string]bool{}
	for _, v := range l.cfg.VRFs {
		if vrf == v.Name || vrf == v.RD.String() {
			rds[v.RD.String()] = true
		}
	}
	return rds
}
