package labs

import "context"

// Queue makes the changes of a lab that a process is asked for one after another, in the
// order in which they come. Without it, many at once would wait for the lab's lock for
// the time that a command waits for another.
type Queue struct{ turn chan struct{} }

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{make(chan struct{}, 1)} }

// Change makes a change in its turn. Who goes away before that changes nothing; afterwards,
// nobody stops the change half-way.
func (q *Queue) Change(ctx context.Context, o ChangeOptions) (ChangeReport, error) {
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return ChangeReport{}, context.Cause(ctx)
	}
	defer func() { <-q.turn }()
	if ctx.Err() != nil { // both were possible
		return ChangeReport{}, context.Cause(ctx)
	}
	return Change(context.WithoutCancel(ctx), o)
}
