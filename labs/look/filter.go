package look

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Filter selects rows of a table. An empty field selects all.
type Filter struct {
	Router string
	status.Selection
}

// unknownVRF returns an error if the topology does not have the filter's VRF.
func unknownVRF(lab string, t *topology.Topology, f Filter) error {
	if t == nil || f.VRF == "" {
		return nil
	}
	var known, holders []string
	for _, v := range t.VRFs {
		known = append(known, v.Name, v.RD.String())
		if v.Name == f.VRF || v.RD.String() == f.VRF {
			holders = append(holders, v.Router)
		}
	}
	switch {
	case len(holders) == 0:
		msg := fmt.Sprintf("lab %s has no VRF %s", lab, f.VRF)
		if n := topology.Nearest(f.VRF, known); n != "" {
			msg += "; did you mean " + n + "?"
		}
		return status.NotFound(msg)
	case f.Router != "" && !slices.Contains(holders, f.Router):
		return status.NotFound(fmt.Sprintf("router %s has no VRF %s; %s has it", f.Router, f.VRF, strings.Join(slices.Compact(holders), ", ")))
	}
	return nil
}
