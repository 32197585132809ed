package bgp

import (
	"slices"
	"testing"

	"pseudowan/bgp/policy"
)

// Routes to the peers of a router that will soon forward no more have the community, within
// the AS the lowest local preference, and what the policies of the session do after that.
func TestDraining(t *testing.T) {
	high := uint32(300)
	prefer := &policy.Chain{AS: 65000, Policies: []policy.Policy{{Name: "prefer", Terms: []policy.Term{{Set: policy.Set{LocalPref: &high}}}}}}
	reject := &policy.Chain{AS: 65000, Policies: []policy.Policy{{Name: "none", Terms: []policy.Term{{Then: policy.Reject}}}}}
	for name, c := range map[string]struct {
		export   *policy.Chain
		internal bool
		want     int // local preference; -1: none
	}{
		"an internal peer":                 {nil, true, 0},
		"an external peer":                 {nil, false, -1},
		"a policy sets another preference": {prefer, true, 300},
	} {
		before := policy.Path{Communities: []Community{7}}
		p, v := Draining(c.export, 65000, c.internal).Evaluate(before)
		if v.Rejected || !slices.Contains(p.Communities, GracefulShutdown) || !slices.Contains(p.Communities, 7) {
			t.Errorf("%s: %+v, %+v", name, p, v)
		}
		if got := preference(p.LocalPref); got != c.want {
			t.Errorf("%s: local preference %d, want %d", name, got, c.want)
		}
	}
	if _, v := Draining(reject, 65000, true).Evaluate(policy.Path{}); !v.Rejected {
		t.Error("what the session's policy rejects is announced")
	}
	if len(prefer.Policies) != 1 {
		t.Errorf("the session's own policies have become %+v", prefer)
	}
}

// A route of an external peer with the community is the last resort, unless a policy has
// decided about it; one of an internal peer has its preference from there.
func TestShunned(t *testing.T) {
	high := uint32(300)
	marked := []Community{7, GracefulShutdown}
	for name, c := range map[string]struct {
		route Route
		want  int
	}{
		"external":                 {Route{Communities: marked}, 0},
		"external, not marked":     {Route{Communities: marked[:1]}, -1},
		"external, with a policy":  {Route{Communities: marked, LocalPref: &high}, 300},
		"internal":                 {Route{Communities: marked, IBGP: true}, -1},
		"internal, with its value": {Route{Communities: marked, IBGP: true, LocalPref: &high}, 300},
	} {
		if got := preference(c.route.Shunned().LocalPref); got != c.want {
			t.Errorf("%s: local preference %d, want %d", name, got, c.want)
		}
	}
}

// preference is a local preference; -1 if there is none.
func preference(p *uint32) int {
	if p == nil {
		return -1
	}
	return int(*p)
}
