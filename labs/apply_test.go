package labs

import (
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/router/config"
)

// The MTU that a NIC allows reaches the router, but not the plan, which would
// otherwise differ from the next one.
func TestObservedMTUsAreNotInThePlan(t *testing.T) {
	pe1 := plan.Router{Name: "pe1", Config: config.Router{Core: []config.Core{{Name: "eth1", MTU: 9000}, {Name: "eth2", MTU: 9000}}}}
	a := &applier{mtus: map[linkEnd]int{{"pe1", "eth2"}: 1500, {"pe2", "eth1"}: 1400}}
	c := a.config(pe1)
	if c.Core[0].MTU != 9000 || c.Core[1].MTU != 1500 {
		t.Errorf("the router gets %+v", c.Core)
	}
	if pe1.Config.Core[1].MTU != 9000 {
		t.Errorf("the plan has become %+v", pe1.Config.Core)
	}
}
