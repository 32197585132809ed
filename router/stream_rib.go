package router

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/status"
	"pseudowan/topology"
)

func (a *agent) streamRIB(ctx context.Context, sel status.Selection, _ url.Values, yield func([]status.RIB) error) error {
	all, err := a.candidates(ctx, sel)
	if err != nil {
		return err
	}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		err := chunks(byDestination(all, f), func(part [][]bgp.Candidate) error {
			paths, err := a.speaker.RIBAmong(ctx, f, slices.Concat(part...))
			if err != nil || len(paths) == 0 {
				return err
			}
			rows := make([]status.RIB, len(paths))
			for i, p := range paths {
				rows[i] = a.ribRow(f, p)
			}
			return yield(rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// candidates lists the selected routes of the speaker's VPN tables, in no order.
func (a *agent) candidates(ctx context.Context, sel status.Selection) (list []bgp.Candidate, err error) {
	var rds map[string]bool
	add := func(d bgp.Destination, received *bgp.Route) {
		if sel.Has(d.Prefix) && (sel.VRF == "" || rds[d.RD.String()]) {
			list = append(list, bgp.Candidate{Destination: d, Received: received})
		}
	}
	if _, err := askLoop(ctx, a.loop, func() struct{} {
		rds = a.loop.rds(sel.VRF)
		for r := range a.loop.vrfs.Received() {
			add(bgp.Destination{RD: r.RD, Prefix: r.Prefix}, r)
		}
		return struct{}{}
	}); err != nil {
		return nil, err
	}
	for _, d := range a.speaker.Ours() {
		add(d, nil)
	}
	return list, nil
}

// byDestination groups the routes of a family by what they are to, in the order of RDs, as
// names are ordered, and prefixes.
func byDestination(all []bgp.Candidate, f vpn.Family) (groups [][]bgp.Candidate) {
	names := make(map[vpn.RD]string)
	var list []bgp.Candidate
	for _, c := range all {
		if vpn.FamilyOf(c.Prefix) == f {
			list = append(list, c)
			if _, known := names[c.RD]; !known {
				names[c.RD] = c.RD.String()
			}
		}
	}
	slices.SortFunc(list, func(a, b bgp.Candidate) int {
		if a.RD == b.RD {
			return a.Prefix.Compare(b.Prefix)
		}
		return cmp.Or(topology.CompareNames(names[a.RD], names[b.RD]), a.RD.Compare(b.RD))
	})
	for i := 0; i < len(list); {
		from := i
		for i < len(list) && list[i].Destination == list[from].Destination {
			i++
		}
		groups = append(groups, list[from:i])
	}
	return groups
}
