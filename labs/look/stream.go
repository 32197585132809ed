package look

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
)

// At once, so many routers are asked for a table of routes, and so many blocks of each wait
// for their turn: of a lab's rows, few are held.
const (
	askedAtOnce   = 8
	blocksWaiting = 1
)

// EachVRF passes on the VRFs with the selected paths, see status.Rows; several of the same
// router, name and RD that follow each other are parts of one.
func (l *Lab) EachVRF(ctx context.Context, f Filter) status.Rows[status.VRF] {
	return each(ctx, l, f, (*router.Client).EachVRF)
}

// EachRoute passes on the routes by which routers forward.
func (l *Lab) EachRoute(ctx context.Context, f Filter) status.Rows[status.ActiveRoute] {
	return each(ctx, l, f, activeRoutes)
}

// Routes lists the routes by which routers forward.
func (l *Lab) Routes(ctx context.Context, f Filter) (rows []status.ActiveRoute, err error) {
	err = l.EachRoute(ctx, f)(func(block []status.ActiveRoute) error {
		rows = append(rows, block...)
		return nil
	})
	return rows, err
}

// EachMPLS passes on the label bindings.
func (l *Lab) EachMPLS(ctx context.Context, f Filter) status.Rows[status.MPLS] {
	return each(ctx, l, f, (*router.Client).EachMPLS)
}

// EachFlow passes on the counters of routes and labels. Unless fast is set, they are exact.
func (l *Lab) EachFlow(ctx context.Context, f Filter, fast bool) status.Rows[status.Flow] {
	return each(ctx, l, f, func(c *router.Client, ctx context.Context, sel status.Selection, yield func([]status.Flow) error) error {
		return c.EachFlow(ctx, sel, fast, yield)
	})
}

// EachRIB passes on the paths of the speakers' VPN tables.
func (l *Lab) EachRIB(ctx context.Context, f Filter) status.Rows[status.RIB] {
	return each(ctx, l, f, (*router.Client).EachRIB)
}

// question asks a router for a table of routes.
type question[T any] func(*router.Client, context.Context, status.Selection, func([]T) error) error

// each asks all selected routers, some at once, and passes on their rows in the routers'
// order. An error of a router without rows comes after the rows of the others; one in the
// middle of its rows ends all, and so does the end of ctx, unless all rows are there.
func each[T any](ctx context.Context, l *Lab, f Filter, ask question[T]) status.Rows[T] {
	return func(yield func([]T) error) error {
		routers, err := l.selected(f)
		if err != nil {
			return err
		}
		var reading sync.WaitGroup
		defer reading.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		answers := make([]*answer[T], len(routers))
		begin := func(i int) {
			if i < len(routers) {
				answers[i] = newAnswer[T]()
				reading.Go(func() { answers[i].read(ctx, l.Name, routers[i], f.Selection, ask) })
			}
		}
		for i := range askedAtOnce {
			begin(i)
		}
		var errs []error
		for i := range routers {
			err := answers[i].pass(yield)
			if ctx.Err() != nil && (err != nil || i+1 < len(routers)) {
				return errors.Join(append(errs, err, status.ErrIncomplete, context.Cause(ctx))...)
			}
			if errors.Is(err, status.ErrIncomplete) || errors.As(err, new(unwanted)) {
				return errors.Join(append(errs, err)...)
			}
			errs = append(errs, err)
			begin(i + askedAtOnce)
		}
		return errors.Join(errs...)
	}
}

// unwanted is an error of who gets the rows.
type unwanted struct{ error }

func (e unwanted) Unwrap() error { return e.error }

// answer is that of one router.
type answer[T any] struct {
	blocks chan []T
	err    error // once blocks is closed
}

func newAnswer[T any]() *answer[T] { return &answer[T]{blocks: make(chan []T, blocksWaiting)} }

// read asks the router. Its agent may take answerPatience for each block; the time that
// the block waits for its turn is not the agent's.
func (a *answer[T]) read(ctx context.Context, lab, name string, sel status.Selection, ask question[T]) {
	defer close(a.blocks)
	c := router.NewClient(name, store.AgentSocket(lab, name))
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(answerPatience, func() { cancel(fmt.Errorf("no answer in %s", answerPatience)) })
	defer patience.Stop()
	a.err = ask(c, ctx, sel, func(rows []T) error {
		patience.Stop()
		defer patience.Reset(answerPatience)
		select {
		case a.blocks <- rows:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// pass passes on the rows. Whatever ended them in the middle, they are incomplete.
func (a *answer[T]) pass(yield func([]T) error) error {
	began := false
	for rows := range a.blocks {
		began = true
		if err := yield(rows); err != nil {
			return unwanted{err}
		}
	}
	if began && a.err != nil && !errors.Is(a.err, status.ErrIncomplete) {
		return fmt.Errorf("%w: %w", status.ErrIncomplete, a.err)
	}
	return a.err
}
