package random

import (
	"bytes"
	"strings"
	"testing"

	"pseudowan/topology"
)

// Every lab is valid, and the same seed makes the same one.
func TestLabs(t *testing.T) {
	reached, shared, cut, via := 0, 0, 0, 0
	for seed := range uint64(1000) {
		text := Lab("random", seed)
		if !bytes.Equal(text, Lab("random", seed)) {
			t.Fatalf("seed %d makes two different labs", seed)
		}
		lab, err := topology.Parse("random.yaml", text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		pairs := len(lab.Hosts) * (len(lab.Hosts) - 1)
		seen := map[[2]string]bool{}
		for _, r := range lab.Reaches() {
			seen[[2]string{r.From, r.To}] = true
			from, _, _ := strings.Cut(r.From, "-")
			to, _, _ := strings.Cut(r.To, "-")
			if from != to {
				shared++
			}
			if len(r.Via) > 0 {
				via++
			}
		}
		reached += len(seen)
		cut += pairs - len(seen)
	}
	// Labs in which everything or nothing is reached would test nothing.
	if reached < 1000 || shared < 1000 || cut < 1000 || via < 500 {
		t.Errorf("of 1000 labs: %d pairs of hosts reach each other, %d addresses across VPNs, %d pairs do not; %d addresses are reached by way of a host", reached, shared, cut, via)
	}
}
