package diagram

import "slices"

// sides gives every router its column. Routers without customers are in the middle,
// if there are others.
func sides(s *scene) []side {
	out := make([]side, len(s.routers))
	var edge []int
	for i, r := range s.routers {
		if len(r.groups) > 0 {
			edge = append(edge, i)
		}
	}
	if len(edge) == 0 {
		for i := range s.routers {
			edge = append(edge, i)
		}
	} else {
		for i := range out {
			out[i] = middle
		}
	}
	best := -1
	for _, try := range [][]side{halves(len(edge)), alternating(len(edge))} {
		arranged := slices.Clone(out)
		for k, i := range edge {
			arranged[i] = try[k]
		}
		if c := clutter(s, arranged, forwards(s, arranged)); best < 0 || c < best {
			best, out = c, arranged
		}
		if c := clutter(s, arranged, ring(s, arranged)); c < best {
			best, out = c, arranged
		}
	}
	return out
}

func halves(n int) []side {
	out := make([]side, n)
	for i := (n + 1) / 2; i < n; i++ {
		out[i] = right
	}
	return out
}

func alternating(n int) []side {
	out := make([]side, n)
	for i := 1; i < n; i += 2 {
		out[i] = right
	}
	return out
}

// order returns the order of the routers from the top down: that of the file, or
// with the right column reversed, which suits rings.
func order(s *scene, nodes []node) []int {
	sides := make([]side, len(nodes))
	for i, n := range nodes {
		sides[i] = n.side
	}
	if f, r := forwards(s, sides), ring(s, sides); clutter(s, sides, r) < clutter(s, sides, f) {
		return r
	}
	return forwards(s, sides)
}

func forwards(s *scene, _ []side) []int {
	out := make([]int, len(s.routers))
	for i := range out {
		out[i] = i
	}
	return out
}

func ring(s *scene, sides []side) (out []int) {
	var reversed []int
	for i := range s.routers {
		if sides[i] == right {
			reversed = append(reversed, i)
		} else {
			out = append(out, i)
		}
	}
	slices.Reverse(reversed)
	return append(out, reversed...)
}

// clutter counts what makes a picture hard to read: links that cross between
// the columns, and links that pass routers of their own column.
func clutter(s *scene, sides []side, order []int) int {
	rank := make([]int, len(order))
	next := map[side]int{}
	for _, i := range order {
		rank[i] = next[sides[i]]
		next[sides[i]]++
	}
	type span struct{ l, r int }
	var across []span
	n := 0
	for _, k := range s.links {
		if k.middle != nil {
			continue
		}
		a, b := k.ends[0].router, k.ends[1].router
		switch {
		case sides[a] == sides[b]:
			passed := max(rank[a]-rank[b], rank[b]-rank[a])
			n += 1 + 3*(passed-1)
		case sides[a] < sides[b]:
			across = append(across, span{rank[a], rank[b]})
		default:
			across = append(across, span{rank[b], rank[a]})
		}
	}
	for i, x := range across {
		for _, y := range across[:i] {
			if (x.l-y.l)*(x.r-y.r) < 0 {
				n += 2
			}
		}
	}
	return n
}
