package look

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
)

// Explain explains why a prefix is in a VRF of a router, or why it is not. vrf is a
// name or an RD.
func Explain(ctx context.Context, lab, router, vrf string, prefix netip.Prefix) (status.Explanation, error) {
	in, err := inspect(ctx, lab, "")
	if err != nil {
		return status.Explanation{}, err
	}
	if !slices.Contains(in.lab.routers, router) {
		return status.Explanation{}, in.lab.noRouter(router)
	}
	s, err := in.snapshot(ctx)
	if err != nil {
		return status.Explanation{}, err
	}
	s.Received, _ = in.lab.SessionRoutes(ctx, Filter{Router: router}, "", status.RoutesReceived) // without them it is explained by the tables alone
	e, ok := s.Explain(router, vrf, prefix)
	if !ok {
		return e, noVRF(s, router, vrf)
	}
	return e, nil
}

func noVRF(s *trace.Snapshot, router, vrf string) error {
	var names []string
	for _, v := range s.VRFs {
		if v.Router == router {
			names = append(names, v.VRF)
		}
	}
	msg := fmt.Sprintf("router %s has no VRF %s", router, vrf)
	switch n := topology.Nearest(vrf, names); {
	case n != "":
		msg += "; did you mean " + n + "?"
	case len(names) > 0:
		msg += "; it has " + strings.Join(names, ", ")
	}
	return status.NotFound(msg)
}
