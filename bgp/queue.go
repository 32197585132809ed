package bgp

import "sync"

// queue passes on events without blocking their source: what the receiver has not
// read yet is kept and delivered as one batch.
type queue struct {
	mu    sync.Mutex
	items []Event
	wake  chan struct{}
	out   chan []Event
	end   chan struct{}
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1), out: make(chan []Event), end: make(chan struct{})}
	go q.pump()
	return q
}

func (q *queue) push(events ...Event) {
	q.mu.Lock()
	q.items = append(q.items, events...)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close closes the channel and drops what was not read.
func (q *queue) close() { close(q.end) }

func (q *queue) pump() {
	defer close(q.out)
	var batch []Event
	for {
		var out chan []Event
		if len(batch) > 0 {
			out = q.out
		}
		select {
		case out <- batch:
			batch = nil
		case <-q.wake:
			batch = append(batch, q.take()...)
		case <-q.end:
			return
		}
	}
}

func (q *queue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}
