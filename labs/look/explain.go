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
	return explainBy(ctx, in.lab, in, router, vrf, prefix)
}

// tables are those of the routers of this server, or of all sites of a lab.
type tables interface {
	// about reads what explains a prefix at a router, or, with "", what a packet meets.
	about(ctx context.Context, router string, prefix netip.Prefix) (*trace.Snapshot, error)
}

func explainBy(ctx context.Context, lab *Lab, by tables, router, vrf string, prefix netip.Prefix) (status.Explanation, error) {
	if !slices.Contains(lab.routers, router) {
		return status.Explanation{}, lab.noRouter(router)
	}
	s, err := by.about(ctx, router, prefix.Masked())
	if err != nil {
		return status.Explanation{}, err
	}
	e, ok := s.Explain(router, vrf, prefix)
	if !ok {
		return e, noVRF(s, router, vrf)
	}
	return e, nil
}

// about implements tables. What explains a prefix at a router is there also what is inside
// it, elsewhere what contains it.
func (in *inspection) about(ctx context.Context, router string, prefix netip.Prefix) (*trace.Snapshot, error) {
	if router == "" {
		return in.read(ctx, status.Selection{Prefix: prefix, Shorter: true})
	}
	here := Filter{Router: router, Selection: status.Selection{Prefix: prefix, Shorter: true, Longer: true}}
	var vrfs []status.VRF
	s, err := in.read(ctx, status.Selection{Prefix: prefix, Shorter: true},
		func(ctx context.Context, s *trace.Snapshot) (err error) {
			vrfs, err = in.lab.VRFs(ctx, here)
			return err
		},
		func(ctx context.Context, s *trace.Snapshot) (err error) {
			s.RIB, err = in.lab.RIB(ctx, Filter{Router: router, Selection: status.Selection{Prefix: prefix, Shorter: true}})
			return err
		},
		func(ctx context.Context, s *trace.Snapshot) error {
			s.Received, _ = in.lab.receivedOf(ctx, router, prefix) // without them it is explained by the tables alone
			return nil
		})
	if err != nil {
		return nil, err
	}
	s.VRFs = append(slices.DeleteFunc(s.VRFs, func(v status.VRF) bool { return v.Router == router }), vrfs...)
	return s, nil
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
