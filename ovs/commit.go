package ovs

import (
	"context"
	"slices"
	"strings"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// A netdev datapath does not forward while a bundle is committed, and forwards between
// flows that change on their own.
const (
	bundleSize  = 64  // flows that change at once: less than a millisecond
	portionSize = 256 // flows between two of which nobody else changes any
)

// Commit adds flows, then removes flows: atomically if they fit into a bundle, else one
// after the other. A flow with the table, priority and match of an existing one
// replaces it and keeps its counters. A flow is removed if table, priority,
// match and cookie agree; removing an absent flow is no error. After an error
// the flows before it stay in place.
func (s *Switch) Commit(ctx context.Context, add, remove []pipeline.Flow) error {
	return s.flows.commit(ctx, add, remove)
}

// Correct makes the bridge's flows exactly the given ones, no matter what others
// have added, removed or changed, and returns how many it had to correct. A flow
// with the table, priority and match of an existing one keeps its counters.
func (s *Switch) Correct(ctx context.Context, flows []pipeline.Flow) (n int, err error) {
	return s.flows.correct(ctx, flows)
}

// differing counts the flows in the output of ovs-ofctl diff-flows: a flow that
// differs has two lines, the actual and the wanted one.
func differing(diff []byte) int {
	flows := make(map[string]bool)
	for line := range strings.Lines(string(diff)) {
		name, _, _ := strings.Cut(line[1:], " actions=")
		name, _, _ = strings.Cut(name, " cookie=")
		flows[name] = true
	}
	return len(flows)
}

// portion is a part of a change of flows.
type portion struct {
	add, remove []pipeline.Flow
	atomic      bool
}

// portions splits a change. One that fits into a single bundle is atomic as a
// whole.
func portions(add, remove []pipeline.Flow) []portion {
	if n := len(add) + len(remove); n == 0 {
		return nil
	} else if n <= bundleSize {
		return []portion{{add, remove, true}}
	}
	var all []portion
	for c := range slices.Chunk(add, portionSize) {
		all = append(all, portion{add: c})
	}
	for c := range slices.Chunk(remove, portionSize) {
		all = append(all, portion{remove: c})
	}
	return all
}

// onWire is a flow as package openflow takes it.
func onWire(f pipeline.Flow) openflow.Flow {
	return openflow.Flow{Table: uint8(f.Table), Priority: f.Priority, Cookie: uint64(f.Cookie), Match: f.Match, Actions: f.Actions}
}

func allOnWire(flows []pipeline.Flow) []openflow.Flow {
	all := make([]openflow.Flow, len(flows))
	for i, f := range flows {
		all[i] = onWire(f)
	}
	return all
}
