package fib

import "testing"

// A turn calls a bounded number of the functions that wait, in their order, whether they wait
// for flows or only for their turn.
func TestManyFunctions(t *testing.T) {
	table := New()
	var called []int
	for i := range 3 * atOnce {
		table.Then(func() { called = append(called, i) })
	}
	b, ok := table.Take()
	if !ok || len(called) > 0 {
		t.Fatalf("%d functions were called before their flows were there", len(called))
	}
	for i := range 2 * atOnce {
		table.Soon(func() { called = append(called, 3*atOnce+i) })
	}
	if len(called) != atOnce {
		t.Fatalf("one turn has called %d functions, want %d", len(called), atOnce)
	}
	if called[0] != 3*atOnce {
		t.Fatalf("first was function %d", called[0])
	}
	called = nil
	table.Done(b, 0)
	turns := 1
	for ; table.Ready(); turns++ {
		if !table.Pending() {
			t.Error("nothing is pending, although functions wait")
		}
		table.Take()
		table.RunReady()
	}
	if turns != 4 || len(called) != 4*atOnce {
		t.Errorf("%d functions were called in %d turns", len(called), turns)
	}
	table.Soon(func() { called = append(called, -1) })
	if called[len(called)-1] != -1 {
		t.Error("a function had to wait for nothing")
	}
}
