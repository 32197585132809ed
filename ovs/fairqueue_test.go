package ovs

import (
	"context"
	"testing"

	"pseudowan/ovs/pipeline"
)

// A source that floods delays only itself: others come at their next turn and
// lose nothing.
func TestSourcesTakeTurns(t *testing.T) {
	q := newFairQueue()
	glean := func(port, vrf uint32) PacketIn {
		return PacketIn{Reason: pipeline.ReasonGlean, Port: port, VRF: vrf}
	}
	const core = 1
	for range 1000 {
		q.push(glean(7, 1))    // a customer
		q.push(glean(core, 1)) // the same VPN, from another router
	}
	q.push(glean(core, 2)) // another VPN from there
	q.push(glean(8, 3))
	arp := glean(7, 1)
	arp.Reason = pipeline.ReasonARP
	q.push(arp)
	got := map[Source]int{}
	for range 5 {
		p, ok := q.pop(t.Context())
		if !ok {
			t.Fatal("no packet")
		}
		got[sourceOf(p)]++
	}
	for _, s := range []Source{{7, 1, false}, {core, 1, false}, {core, 2, false}, {8, 3, false}, {7, 1, true}} {
		if got[s] != 1 {
			t.Errorf("%+v had %d of the first five packets", s, got[s])
		}
	}
	lost := q.lost()
	for _, s := range []Source{{7, 1, false}, {core, 1, false}} {
		if lost[s] != 1000-perSource {
			t.Errorf("%d packets of %+v are counted as dropped, want %d", lost[s], s, 1000-perSource)
		}
	}
	if len(lost) != 2 {
		t.Errorf("dropped: %v", lost)
	}
	for range 2 * (perSource - 1) {
		if _, ok := q.next(); !ok {
			t.Fatal("packets are missing")
		}
	}
	if p, ok := q.next(); ok || len(q.waiting)+len(q.turns) > 0 {
		t.Errorf("another packet: %+v", p)
	}
}

// However many sources there are, the queue is bounded, and each can use some of
// it.
func TestManySourcesShareTheQueue(t *testing.T) {
	q := newFairQueue()
	const sources = 1000
	for range 100 {
		for n := range uint32(sources) {
			q.push(PacketIn{Reason: pipeline.ReasonGlean, Port: n + 1, VRF: 1})
		}
	}
	sum := 0
	for s, line := range q.waiting {
		if len(line) < leastOfSource {
			t.Errorf("%+v has %d packets", s, len(line))
		}
		sum += len(line)
	}
	if most := allSources + sources*leastOfSource; sum > most {
		t.Errorf("%d packets wait, more than %d", sum, most)
	}
}

func TestPopEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, ok := newFairQueue().pop(ctx); ok {
		t.Errorf("got a packet: %+v", p)
	}
}
