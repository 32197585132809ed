package labs

import (
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/router/config"
)

// What a NIC allows is told to the router and does not get into the plan, which
// would otherwise differ from the next one.
func TestObservedMTUsStandBesideThePlan(t *testing.T) {
	pe1 := plan.Router{Name: "pe1", Config: config.Router{Core: []config.Core{{Name: "eth1", MTU: 9000}, {Name: "eth2", MTU: 9000}}}}
	a := &applier{mtus: map[linkEnd]int{{"pe1", "eth2"}: 1500, {"pe2", "eth1"}: 1400}}
	c := a.config(pe1)
	if c.Core[0].MTU != 9000 || c.Core[1].MTU != 1500 {
		t.Errorf("the router is told %+v", c.Core)
	}
	if pe1.Config.Core[1].MTU != 9000 {
		t.Errorf("the plan is changed to %+v", pe1.Config.Core)
	}
}
