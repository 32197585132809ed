package labs

import (
	"testing"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// planned is the plan of a new lab.
func planned(t *testing.T, top *topology.Topology) *plan.Plan {
	t.Helper()
	p, err := plan.New(top, plan.Allocations{}, hosts.NetNS)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
