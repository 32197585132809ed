package ovs

import (
	"context"
	"maps"
	"sync"

	"pseudowan/ovs/pipeline"
)

// Source is the key of a queue of packets for the slow path: a customer's port,
// or a VRF whose packets other routers send. ARP and neighbour discovery have
// queues of their own, as they have meters of their own: a host that floods the
// slow path with other packets keeps its neighbours.
type Source struct {
	Port    uint32
	VRF     uint32
	Control bool // ARP and neighbour discovery
}

func sourceOf(p PacketIn) Source {
	return Source{p.Port, p.VRF, p.Reason == pipeline.ReasonARP || p.Reason == pipeline.ReasonND}
}

// The most packets that wait: of one source, and of all together, as long as
// each source can have leastOfSource.
const (
	perSource     = 64
	allSources    = 4096
	leastOfSource = 8
)

// fairQueue is a queue per source, served in turn.
type fairQueue struct {
	mu      sync.Mutex
	waiting map[Source][]PacketIn
	turns   []Source // those with packets, the next one first
	dropped map[Source]uint64
	filled  chan struct{} // holds a token if there may be a packet
}

func newFairQueue() *fairQueue {
	return &fairQueue{
		waiting: make(map[Source][]PacketIn), dropped: make(map[Source]uint64),
		filled: make(chan struct{}, 1),
	}
}

// push queues a packet, or drops it if its source has too many.
func (q *fairQueue) push(p PacketIn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := sourceOf(p)
	line := q.waiting[s]
	if len(line) >= q.share() {
		q.dropped[s]++
		return
	}
	if len(line) == 0 {
		q.turns = append(q.turns, s)
	}
	q.waiting[s] = append(line, p)
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// share returns how many packets of one source may wait.
func (q *fairQueue) share() int {
	return max(min(perSource, allSources/max(len(q.turns), 1)), leastOfSource)
}

// pop waits for a packet and returns the one whose turn it is. ok is false if
// ctx has ended.
func (q *fairQueue) pop(ctx context.Context) (p PacketIn, ok bool) {
	for {
		if p, ok := q.next(); ok {
			return p, true
		}
		select {
		case <-ctx.Done():
			return p, false
		case <-q.filled:
		}
	}
}

func (q *fairQueue) next() (p PacketIn, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turns) == 0 {
		return p, false
	}
	s := q.turns[0]
	line := q.waiting[s]
	p, line[0] = line[0], p
	q.turns = q.turns[1:]
	if len(line) == 1 {
		delete(q.waiting, s)
	} else {
		q.waiting[s] = line[1:]
		q.turns = append(q.turns, s)
	}
	return p, true
}

// lost returns how many packets of each source were dropped.
func (q *fairQueue) lost() map[Source]uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.dropped)
}
