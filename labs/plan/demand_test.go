package plan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/vpn"
	"pseudowan/topology"
	"pseudowan/topology/random"
)

// The label demand that validate counts is what the plan assigns and what the BGP of
// hosts uses: a range of that size is accepted and can be planned, one with a label
// less is refused.
func TestLabelDemandIsWhatThePlanTakes(t *testing.T) {
	tight := 0
	for seed := range uint64(30) {
		l := random.New("random", seed, random.Server{BIRD: true})
		r := rand.New(rand.NewPCG(seed, 5))
		for range 8 {
			what := l.Edit(r)
			plan := planOf(t, l.File())
			for _, router := range plan.Routers {
				need := labelsOf(router)
				if need < 2 {
					continue
				}
				tight++
				exact := withLabels(t, l.File(), router.Name, need)
				planOf(t, exact)
				var refused topology.Problems
				if _, err := topology.Parse("random.yaml", withLabels(t, l.File(), router.Name, need-1)); !errors.As(err, &refused) {
					t.Fatalf("seed %d, after %s: router %s assigns %d labels, and %d count as enough\n%s", seed, what, router.Name, need, need-1, l.File())
				}
			}
		}
	}
	if tight < 300 {
		t.Errorf("only %d routers were tested", tight)
	}
}

func planOf(t *testing.T, file []byte) *Plan {
	t.Helper()
	lab, err := topology.Parse("random.yaml", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	plan, err := New(lab, Allocations{}, "netns")
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	return plan
}

// labelsOf counts the labels that a router assigns: by the plan, and once its hosts
// have announced their LANs by BGP.
func labelsOf(router Router) int {
	keys := map[vpn.LabelKey]bool{}
	for _, v := range router.Config.VRFs {
		for _, b := range v.Bindings {
			keys[b.Key] = true
		}
		for _, a := range router.Config.Access {
			if a.CE == nil || a.VRF != v.Name {
				continue
			}
			for _, s := range a.CE.BGP.Sessions {
				for _, p := range a.CE.BGP.Networks {
					if p.Addr().Is4() == s.PeerAddress.Is4() {
						keys[v.LabelMode.KeyFor(v.Name, p, s.PeerAddress)] = true
					}
				}
			}
		}
	}
	n := len(keys)
	if t := router.Config.Transport; t != nil {
		n += len(t.Labels) // of the loopbacks
	}
	return n
}

// withLabels gives a router in a file a range of n labels.
func withLabels(t *testing.T, file []byte, router string, n int) []byte {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	doc["routers"].(map[string]any)[router].(map[string]any)["labels"] = fmt.Sprintf("1000-%d", 999+n)
	out, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
