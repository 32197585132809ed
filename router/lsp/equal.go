package lsp

import (
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
)

// maxEqual limits the equally short ways of a path over which packets are spread.
const maxEqual = 8

// equal returns the ways of candidates that are as short as the first, one through each
// neighbour.
func equal(list []candidate) (hops []Hop) {
	for _, c := range list {
		known := slices.ContainsFunc(hops, func(h Hop) bool { return h.Addr == c.hop.Addr })
		if c.metric == list[0].metric && !known && len(hops) < maxEqual {
			hops = append(hops, c.hop)
		}
	}
	return hops
}

// slots arranges ways such that flows, which are spread over slots, stay on their ways: each
// way keeps the slot that it had before. One that comes takes a slot of one that is gone, or
// a new one. Other slots of ways that are gone lead to one of the others.
func slots(before []netip.Addr, ways []Hop) (after []Hop) {
	if len(ways) < 2 {
		return ways
	}
	placed := make([]*Hop, min(len(before), maxEqual))
	left := slices.Clone(ways)
	for i := range placed {
		if at := slices.IndexFunc(left, func(h Hop) bool { return h.Addr == before[i] }); at >= 0 {
			way := left[at]
			placed[i], left = &way, slices.Delete(left, at, at+1)
		}
	}
	for i := range placed {
		if placed[i] == nil && len(left) > 0 {
			way := left[0]
			placed[i], left = &way, left[1:]
		}
	}
	for len(placed) > 0 && placed[len(placed)-1] == nil {
		placed = placed[:len(placed)-1]
	}
	for i, p := range placed {
		if p == nil {
			p = &ways[i%len(ways)]
		}
		after = append(after, *p)
	}
	return append(after, left...)
}

// without arranges the ways that are not lost in the slots of all.
func without(ways []Hop, lost func(Hop) bool) []Hop {
	var live []Hop
	for _, w := range ways {
		if !lost(w) && !slices.ContainsFunc(live, func(h Hop) bool { return h.Addr == w.Addr }) {
			live = append(live, w)
		}
	}
	return slots(addresses(ways), live)
}

// spread has packets of the router's customers spread over ways; the packets of others take
// the first.
func spread(ways []Hop) (list []pipeline.LSP) {
	if len(ways) < 2 {
		return nil
	}
	for _, w := range ways {
		list = append(list, w.lsp)
	}
	return list
}

func addresses(hops []Hop) (list []netip.Addr) {
	for _, h := range hops {
		list = append(list, h.Addr)
	}
	return list
}
