package ovs

import (
	"fmt"
	"testing"

	"pseudowan/ovs/pipeline"
)

func TestRequestsFor(t *testing.T) {
	for flows, want := range map[int]uint64{0: 1, listedAtOnce: 1, listedAtOnce + 1: 2, 3 * listedAtOnce: 4, 100_000: 32} {
		if got := requestsFor(flows); got != want {
			t.Errorf("%d flows: %d requests, want %d", flows, got, want)
		}
	}
}

// The counters of many flows are those of all, although they come in several answers.
func TestRealCountersOfMany(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	n := newThrough(t)
	const many = 2*listedAtOnce + 100
	flows := make([]pipeline.Flow, many)
	for i := range flows {
		flows[i] = pipeline.Flow{
			Table: 20, Priority: 5, Cookie: pipeline.NewCookie(pipeline.KindRoute, 0, uint64(i+1)),
			Match: fmt.Sprintf("ip,nw_dst=10.%d.%d.0/24", i/256, i%256), Actions: "drop",
		}
	}
	check(t, n.Commit(t.Context(), flows, nil))
	counters, err := n.Counters(t.Context(), false)
	check(t, err)
	for _, f := range flows {
		if _, ok := counters[f.Cookie]; !ok {
			t.Fatalf("the counters of %s are missing", f.Match)
		}
	}
	if want := many + len(throughFlows()); len(counters) < want {
		t.Errorf("%d counters, want at least %d", len(counters), want)
	}
	n.passes(t)
}
