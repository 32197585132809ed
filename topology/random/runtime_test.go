package random

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pseudowan/topology/edit"
)

// Random changes are of every kind that there is, and the same numbers give the same ones.
func TestChange(t *testing.T) {
	const changes, compared = 45, 15
	kinds := map[edit.Op]int{}
	refused := 0
	for seed := range uint64(4) {
		text := New("lab", seed, Server{}).File()
		again := bytes.Clone(text)
		r, twin := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(seed, 2))
		for i := range changes {
			e, after := Change(r, text)
			if i < compared {
				_, same := Change(twin, again)
				if !bytes.Equal(after, same) {
					t.Fatalf("seed %d: %s is once\n%s\nand once\n%s", seed, e, after, same)
				}
			}
			if after == nil {
				refused++
				continue
			}
			kinds[e.Op]++
			text, again = after, bytes.Clone(after)
		}
	}
	for _, op := range edit.Ops() {
		if kinds[op] == 0 {
			t.Errorf("no change of the kind %s among %v", op, kinds)
		}
	}
	if refused < 4 {
		t.Errorf("%d refused", refused)
	}
}
