package lsp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

// Whatever comes and goes, a way that stays keeps the first of its slots.
func TestSlots(t *testing.T) {
	way := func(n int) Hop { return Hop{Addr: netip.AddrFrom4([4]byte{192, 168, 0, byte(n)})} }
	ways := func(numbers ...int) (list []Hop) {
		for _, n := range numbers {
			list = append(list, way(n))
		}
		return list
	}
	for _, c := range []struct{ before, now, want []int }{
		{nil, []int{1}, []int{1}},
		{nil, []int{1, 2}, []int{1, 2}},
		{[]int{1, 2}, []int{2, 1}, []int{1, 2}},
		{[]int{1, 2, 3}, []int{3, 1}, []int{1, 1, 3}},    // flows of 2 alone move
		{[]int{1, 1, 3}, []int{1, 2, 3}, []int{1, 2, 3}}, // and come back
		{[]int{1, 2, 3}, []int{1, 2}, []int{1, 2}},
		{[]int{1, 2}, []int{1, 2, 3}, []int{1, 2, 3}},
		{[]int{1, 2, 3}, []int{4, 5}, []int{4, 5}},
		{[]int{1, 2}, []int{2}, []int{2}},
	} {
		got := slots(addresses(ways(c.before...)), ways(c.now...))
		if fmt.Sprint(addresses(got)) != fmt.Sprint(addresses(ways(c.want...))) {
			t.Errorf("before %v, now %v: %v, want %v", c.before, c.now, addresses(got), c.want)
		}
	}
}

// Packets of customers are spread over the neighbours that are equally near; others' take
// the best.
func TestEqualWays(t *testing.T) {
	r := newRouter(t)
	r.hears(left, far, 5003, 10)
	r.hears(right, far, 6003, 10)
	r.turn()
	p := r.paths[far]
	if got := addresses(p.Equal); !slices.Equal(got, []netip.Addr{left, right}) || len(p.lsp.Spread) != 2 || p.lsp.Out != 5003 {
		t.Errorf("equal ways %v, %+v", got, p.lsp)
	}
	r.hears(right, far, 6003, 11)
	r.turn()
	if p = r.paths[far]; len(p.Equal) > 1 || p.lsp.Spread != nil || p.Backup == nil {
		t.Errorf("with another metric: %+v", p)
	}
}
