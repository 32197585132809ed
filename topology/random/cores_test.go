package random

import (
	"bytes"
	"fmt"
	"testing"

	"pseudowan/topology"
)

// Every core is valid, and the same seed makes the same one. Customers of one VPN reach each
// other, whatever the core is like.
func TestCores(t *testing.T) {
	families, equal, reached := map[string]int{}, 0, 0
	for seed := range uint64(500) {
		text := Core("random", seed)
		if !bytes.Equal(text, Core("random", seed)) {
			t.Fatalf("seed %d makes two different labs", seed)
		}
		lab, err := topology.Parse("random.yaml", text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		families[fmt.Sprint(lab.Core.Families)]++
		if len(lab.Links) > len(lab.Routers) {
			equal++
		}
		reached += len(lab.Reaches())
	}
	if families["[ipv4]"] < 100 || families["[ipv6]"] < 100 || families["[ipv4 ipv6]"] < 100 || equal < 50 || reached < 2000 {
		t.Errorf("of 500 cores: by families %v, %d with several ways, %d addresses reached", families, equal, reached)
	}
}
