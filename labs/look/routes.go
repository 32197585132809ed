package look

import (
	"context"
	"net/netip"

	"pseudowan/router"
	"pseudowan/status"
)

// activeRoutes asks a router for those outside VRFs, then for those of its VRFs.
func activeRoutes(c *router.Client, ctx context.Context, sel status.Selection, yield func([]status.ActiveRoute) error) error {
	if sel.VRF == "" {
		lsps, err := c.LSPs(ctx)
		if err != nil {
			return err
		}
		if rows := routesToLoopbacks(lsps, sel); len(rows) > 0 {
			if err := yield(rows); err != nil {
				return err
			}
		}
	}
	return c.EachVRF(ctx, sel, func(block []status.VRF) error { return yield(bestRoutes(block)) })
}

// implicitNull stands for no label (RFC 3032).
const implicitNull = 3

// routesToLoopbacks are the selected label-switched paths to other routers.
func routesToLoopbacks(lsps []status.LSP, sel status.Selection) (rows []status.ActiveRoute) {
	for _, p := range lsps {
		if !p.NextHop.IsValid() || !selects(sel, p.FEC) {
			continue
		}
		r := status.ActiveRoute{Router: p.Router, Prefix: p.FEC, NextHop: p.NextHop, Source: status.SourceLSP}
		if p.OutLabel != nil && *p.OutLabel != implicitNull {
			r.Label = p.OutLabel
		}
		rows = append(rows, r)
	}
	return rows
}

// selects reports whether a prefix is the selected one, or inside it if those are, too.
func selects(sel status.Selection, p netip.Prefix) bool {
	return !sel.Prefix.IsValid() || sel.Prefix == p || sel.Longer && sel.Prefix.Bits() <= p.Bits() && sel.Prefix.Contains(p.Addr())
}

// bestRoutes are the best paths of VRFs. Of those that are not learned by BGP, the label is
// the one that others push.
func bestRoutes(block []status.VRF) (rows []status.ActiveRoute) {
	for i := range block {
		v := &block[i]
		for j := range v.Routes {
			p := &v.Routes[j]
			if !p.Best {
				continue
			}
			r := status.ActiveRoute{Router: v.Router, VRF: v.VRF, RD: v.RD, Prefix: p.Prefix, NextHop: p.NextHop, Source: p.Source}
			if p.Source == status.SourceBGP {
				r.Label = p.Label
			}
			rows = append(rows, r)
		}
	}
	return rows
}
