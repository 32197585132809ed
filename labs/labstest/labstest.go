package labstest

import (
	"testing"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// Plan returns the plan of a new lab.
func Plan(t *testing.T, top *topology.Topology) *plan.Plan {
	t.Helper()
	p, err := plan.New(top, plan.Allocations{}, hosts.NetNS)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Runtimes returns the registered runtimes, whatever this server has.
func Runtimes(t *testing.T) inventory.Runtimes {
	t.Helper()
	all := inventory.FindRuntimes(t.Context(), nil)
	for i := range all {
		if all[i].Runtime == nil {
			t.Fatal(all[i].Absent)
		}
		all[i].Absent = nil
	}
	return all
}
