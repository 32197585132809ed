package labs

import "context"

// Queue makes the changes of a lab that a process is asked for one after another, in the
// order in which they come. Without it, many at once would wait for the lab's lock for
// the time that a command waits for another. Who goes away before its turn changes
// nothing; afterwards, nobody stops the change half-way.
type Queue struct{ turn chan struct{} }

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{make(chan struct{}, 1)} }

// Change is Change in its turn.
func (q *Queue) Change(ctx context.Context, o ChangeOptions) (ChangeReport, error) {
	return inTurn(ctx, q, o, Change)
}

// Link is Link in its turn.
func (q *Queue) Link(ctx context.Context, o LinkOptions) (LinkReport, error) {
	return inTurn(ctx, q, o, Link)
}

// Power is Power in its turn.
func (q *Queue) Power(ctx context.Context, o PowerOptions) (PowerReport, error) {
	return inTurn(ctx, q, o, Power)
}

func inTurn[O, R any](ctx context.Context, q *Queue, o O, do func(context.Context, O) (R, error)) (report R, err error) {
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return report, context.Cause(ctx)
	}
	defer func() { <-q.turn }()
	if ctx.Err() != nil { // both were possible
		return report, context.Cause(ctx)
	}
	return do(context.WithoutCancel(ctx), o)
}
