package lsp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/router/fib"
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
		{[]int{1, 2, 3}, []int{1, 2}, []int{1, 2, 1}},
		{[]int{2}, []int{1, 2}, []int{1, 2}}, // as if both had come at once
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

// What is spread over a way that is lost takes the others at once, if there is one or if
// there are several.
func TestCutTakesWaysThatAreLeft(t *testing.T) {
	for lost, stays := range []string{"output:2", "output:1"} {
		r := newRouter(t)
		r.hears(left, far, 5003, 10)
		r.hears(right, far, 6003, 10)
		r.turn()
		r.fib.SetRoute(fib.Key{VRF: 1, Prefix: far}, r.Forward(far.Addr(), 77))
		r.cut(lost, true)
		r.Cut()
		for _, f := range r.fib.Urgent() {
			if !strings.Contains(f.Actions, stays) {
				t.Errorf("link %d is cut: %s %s", lost, f.Match, f.Actions)
			}
		}
		if p := r.paths[far]; p.Addr != left || len(p.lsp.Spread) != 2 {
			t.Errorf("before it is chosen again: %+v", p)
		}
	}
	ways := []Hop{{Addr: left}, {Addr: right}, {Addr: me.Addr()}}
	got := addresses(without(ways, func(h Hop) bool { return h.Addr == right }))
	if want := []netip.Addr{left, me.Addr(), me.Addr()}; !slices.Equal(got, want) {
		t.Errorf("the slots lead to %v, want %v", got, want)
	}
}
