package ovs

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"pseudowan/ovs/pipeline"
)

// bundleSize is how many flows are changed at once. A netdev datapath does not
// forward while a bundle is committed: 1,000 flows hold it up for less than
// 5 ms, 100,000 for nearly 0.1 s.
const bundleSize = 1000

// Commit adds flows, then removes flows, in atomic bundles of at most
// bundleSize. A flow of the same table, priority and match as an existing one
// replaces it and keeps its counters. A flow is removed where table, priority,
// match and cookie agree; one that is not there is no error. An error leaves
// the bundles before it in place.
func (s *Switch) Commit(ctx context.Context, add, remove []pipeline.Flow) error {
	return s.flows.commit(ctx, add, remove)
}

// Correct makes the bridge's flows exactly the given ones, whoever has added,
// removed or changed some, and returns how many it had to put right. A flow of
// the same table, priority and match as one that is there keeps its counters.
func (s *Switch) Correct(ctx context.Context, flows []pipeline.Flow) (n int, err error) {
	return s.flows.correct(ctx, flows)
}

// differing counts the flows that ovs-ofctl diff-flows names: one that differs
// has two lines, as it is and as it should be.
func differing(diff []byte) int {
	flows := make(map[string]bool)
	for line := range strings.Lines(string(diff)) {
		name, _, _ := strings.Cut(line[1:], " actions=")
		name, _, _ = strings.Cut(name, " cookie=")
		flows[name] = true
	}
	return len(flows)
}

// bundle is what is changed at once.
type bundle struct {
	add, remove []pipeline.Flow
}

// bundles cuts a change into pieces. A change that fits one is atomic as a whole.
func bundles(add, remove []pipeline.Flow) []bundle {
	if n := len(add) + len(remove); n == 0 {
		return nil
	} else if n <= bundleSize {
		return []bundle{{add, remove}}
	}
	var all []bundle
	for c := range slices.Chunk(add, bundleSize) {
		all = append(all, bundle{add: c})
	}
	for c := range slices.Chunk(remove, bundleSize) {
		all = append(all, bundle{remove: c})
	}
	return all
}

// file is the bundle as ovs-ofctl reads it. Removals are strict: a loose one
// would take every flow of that cookie with a narrower match along, such as the
// one that was added in its place.
func (b bundle) file() []byte {
	var f bytes.Buffer
	for _, a := range b.add {
		fmt.Fprintln(&f, "add", entry(a))
	}
	for _, r := range b.remove {
		fmt.Fprintf(&f, "delete_strict cookie=%#x/-1,%s\n", uint64(r.Cookie), key(r))
	}
	return f.Bytes()
}

// entry is a flow as ovs-ofctl reads it.
func entry(f pipeline.Flow) string {
	return fmt.Sprintf("cookie=%#x,%s,actions=%s", uint64(f.Cookie), key(f), f.Actions)
}

// key is what identifies a flow in the switch.
func key(f pipeline.Flow) string {
	k := fmt.Sprintf("table=%d,priority=%d", f.Table, f.Priority)
	if f.Match != "" {
		k += "," + f.Match
	}
	return k
}
