package random

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pseudowan/topology/edit"
)

// Random changes are of every kind, and the same numbers give the same ones.
func TestChange(t *testing.T) {
	kinds := map[edit.Op]int{}
	refused := 0
	for seed := range uint64(4) {
		text := New("lab", seed, Server{}).File()
		again := bytes.Clone(text)
		r, twin := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(seed, 2))
		for range 25 {
			e, after := Change(r, text)
			_, same := Change(twin, again)
			if !bytes.Equal(after, same) {
				t.Fatalf("seed %d: %s is once\n%s\nand once\n%s", seed, e, after, same)
			}
			if after == nil {
				refused++
				continue
			}
			kinds[e.Op]++
			text, again = after, same
		}
	}
	if len(kinds) != 9 || refused < 4 {
		t.Errorf("changes: %v, refused: %d", kinds, refused)
	}
}
