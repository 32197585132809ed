package ovs

import (
	"context"
	"fmt"
	"slices"

	goovs "github.com/digitalocean/go-openvswitch/ovs"

	"pseudowan/ovs/pipeline"
)

// bundleSize is how many flows are changed at once. A netdev datapath does not
// forward while a bundle is committed: 1,000 flows hold it up for less than
// 5 ms, 100,000 for nearly 0.1 s.
const bundleSize = 1000

// Commit adds flows, then removes flows, in atomic bundles of at most
// bundleSize. A flow of the same table, priority and match as an existing one
// replaces it and keeps its counters. A flow is removed where its table, match
// and cookie agree. An error leaves the bundles before it in place.
func (s *Switch) Commit(ctx context.Context, add, remove []pipeline.Flow) error {
	for _, bundle := range bundles(add, remove) {
		err := s.tools.client(ctx).OpenFlow.AddFlowBundle(s.cfg.Bridge, func(tx *goovs.FlowTransaction) error {
			for _, f := range bundle.add {
				tx.Add(addition(f))
			}
			for _, f := range bundle.remove {
				tx.Delete(removal(f))
			}
			return tx.Commit()
		})
		if err != nil {
			return fmt.Errorf("commit %d and remove %d flows on bridge %s: %w",
				len(bundle.add), len(bundle.remove), s.cfg.Bridge, err)
		}
	}
	return nil
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

// text is a piece of ovs-ofctl's flow syntax, for go-openvswitch, whose own
// matches and actions know no MPLS.
type text string

// MarshalText implements goovs.Match and goovs.Action.
func (t text) MarshalText() ([]byte, error) { return []byte(t), nil }

// GoString implements goovs.Match and goovs.Action.
func (t text) GoString() string { return fmt.Sprintf("ovs.text(%q)", string(t)) }

func addition(f pipeline.Flow) *goovs.Flow {
	return &goovs.Flow{
		Table: int(f.Table), Priority: int(f.Priority), Cookie: uint64(f.Cookie),
		Matches: matches(f), Actions: []goovs.Action{text(f.Actions)},
	}
}

func removal(f pipeline.Flow) *goovs.MatchFlow {
	return &goovs.MatchFlow{Table: int(f.Table), Cookie: uint64(f.Cookie), Matches: matches(f)}
}

func matches(f pipeline.Flow) []goovs.Match {
	if f.Match == "" {
		return nil
	}
	return []goovs.Match{text(f.Match)}
}
