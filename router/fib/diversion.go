package fib

import (
	"maps"

	"pseudowan/ovs/pipeline"
)

// Cut notes through which ports nothing gets at present. The adjacencies on them are
// diverted: one flow each, however many routes lead there.
func (t *Table) Cut(ports map[uint32]bool) {
	if maps.Equal(t.cut, ports) {
		return
	}
	t.cut = ports
	for hop, number := range t.adjacencies {
		t.divert(hop.Port, number)
	}
}

// divert adds or removes the diversion of an adjacency.
func (t *Table) divert(port, number uint32) {
	_, diverted := t.flows[diversion(number)]
	switch wanted := t.unresolved[number] || t.cut[port]; {
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

// Urgent returns the diversions since the last call of adjacencies that have backups.
// They may go into the switch at once, while a batch is being committed: nothing
// depends on their order, and the next batch has them, too, if they are still wanted
// then.
func (t *Table) Urgent() []pipeline.Flow {
	if t.held {
		return nil
	}
	flows := t.urgent
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
