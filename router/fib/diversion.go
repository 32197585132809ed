package fib

import (
	"maps"
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
)

// Cut notes through which ports nothing gets at present, and to which next hops. The
// adjacencies there are diverted: one flow each, however many routes lead there.
func (t *Table) Cut(ports map[uint32]bool, hops map[NextHop]bool) {
	if maps.Equal(t.cut, ports) && maps.Equal(t.failed, hops) {
		return
	}
	t.cut, t.failed = ports, hops
	for hop, number := range t.adjacencies {
		t.divert(hop, number)
	}
}

// divert adds or removes the diversion of an adjacency.
func (t *Table) divert(hop NextHop, number uint32) {
	_, diverted := t.flows[diversion(number)]
	switch wanted := t.unresolved[number] || t.cut[hop.Port] || t.failed[hop]; {
	case wanted == diverted:
	case wanted:
		flows := pipeline.Diversion{Adjacency: number}.Flows()
		t.Set(flows)
		if t.protected[number] > 0 {
			t.urgent = append(t.urgent, flows...)
		}
	default:
		t.unset(diversion(number), 1)
	}
}

// LSPHop names the adjacency of a label-switched path to a router, for Cut.
func LSPHop(to netip.Addr) NextHop { return lspTo(to) }

// Urgent returns what has changed since the last call and must not wait: diversions of
// adjacencies that have backups, and label-switched paths whose neighbour is lost.
// They may go into the switch at once, while a batch is being committed: nothing
// depends on their order, and the next batch has them, too, or removes them. What is
// no longer wanted is left out: its removal may have gone into the switch before.
func (t *Table) Urgent() []pipeline.Flow {
	if t.held {
		return nil
	}
	flows := slices.DeleteFunc(t.urgent, func(f pipeline.Flow) bool { return t.flows[f.Cookie] != f })
	t.urgent = nil
	return flows
}

// Discard removes an adjacency to which nothing leads.
func (t *Table) Discard(number uint32) {
	if t.users[number] == 0 {
		t.forget(number)
	}
}

func diversion(number uint32) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindDiversion, 0, uint64(number))
}
