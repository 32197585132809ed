package inject

import (
	"math/rand/v2"
	"slices"
)

// world invents the ASes between the speaker and the origins of routes: few that carry
// most, many at the edge.
type world struct {
	r     *rand.Rand
	as    uint32
	notAS []uint32
	inner []uint32
}

const innerASes = 40

func newWorld(r *rand.Rand, as uint32, notAS []uint32) *world {
	w := &world{r: r, as: as, notAS: append([]uint32{as, 0, 23456, 65535}, notAS...)}
	for len(w.inner) < innerASes {
		w.inner = append(w.inner, w.number(3000))
	}
	return w
}

// number draws a public AS number up to a limit.
func (w *world) number(limit uint32) uint32 {
	for {
		n := 1 + w.r.Uint32N(limit)
		private := n >= 64496 && n <= 131071
		if !private && !slices.Contains(w.notAS, n) {
			return n
		}
	}
}

// together draws how many routes share attributes: five on average, sometimes hundreds.
func (w *world) together() int {
	n := 1
	for n < 500 && w.r.IntN(100) < 80 {
		n++
	}
	return n
}

// The lengths of AS paths after the speaker's AS, of a thousand.
var pathLengths = []share{{1, 60}, {2, 270}, {3, 340}, {4, 190}, {5, 80}, {6, 35}, {7, 15}, {8, 10}}

// path draws an AS path.
func (w *world) path() []uint32 {
	length, k := 3, w.r.IntN(1000)
	for _, s := range pathLengths {
		if k -= s.perMille; k < 0 {
			length = s.bits
			break
		}
	}
	var path []uint32
	if w.as != 0 {
		path = append(path, w.as)
	}
	for i := range length {
		switch {
		case i == length-1:
			path = append(path, w.number(400_000))
		case i < 2:
			path = append(path, w.inner[w.r.IntN(len(w.inner))])
		default:
			path = append(path, w.number(60_000))
		}
	}
	if w.r.IntN(10) == 0 { // an origin that prepends itself
		for range 1 + w.r.IntN(4) {
			path = append(path, path[len(path)-1])
		}
	}
	return path
}

// attributes draws path attributes.
func (w *world) attributes() (Attributes, error) {
	p := pathAttributes{path: w.path()}
	if w.r.IntN(10) == 0 {
		p.origin = originIncomplete
	}
	if w.r.IntN(10) == 0 {
		med := w.r.Uint32N(200)
		p.med = &med
	}
	for range w.r.IntN(6) {
		p.communities = append(p.communities, w.inner[w.r.IntN(len(w.inner))]<<16|w.r.Uint32N(3000))
	}
	slices.Sort(p.communities)
	p.communities = slices.Compact(p.communities)
	return p.encode()
}
