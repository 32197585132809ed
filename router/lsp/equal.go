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

// slots arranges ways such that flows, which are spread over slots, stay on their ways when
// others are gone: each way keeps the slots that it had, and those of ways that are gone lead
// to one of the others. Once a way comes, the order is that of the ways again, whatever came
// first: so the same paths end in the same flows.
func slots(before []netip.Addr, ways []Hop) (after []Hop) {
	came := slices.ContainsFunc(ways, func(h Hop) bool { return !slices.Contains(before, h.Addr) })
	if came || len(ways) < 2 {
		return ways
	}
	for i, a := range before {
		at := slices.IndexFunc(ways, func(h Hop) bool { return h.Addr == a })
		if at < 0 {
			at = i % len(ways)
		}
		after = append(after, ways[at])
	}
	return after
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
