package labs

import (
	"strings"
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/topology"
)

func TestPathsOfSocketsFit(t *testing.T) {
	if dir := ovsDir(routerDir(strings.Repeat("l", 32), strings.Repeat("r", 63))); len(dir) > 80 {
		t.Errorf("%s has %d octets, too many for sockets inside", dir, len(dir))
	}
}

// planned is the plan of a new lab.
func planned(t *testing.T, top *topology.Topology) *plan.Plan {
	t.Helper()
	p, err := plan.New(top, plan.Allocations{}, netnsName)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
