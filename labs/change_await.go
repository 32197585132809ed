package labs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
)

// lacks returns what the routers that a change concerns lack already.
func (a *applier) lacks(ctx context.Context) map[string]bool {
	missing := map[string]bool{}
	var mu sync.Mutex
	_ = a.eachConcerned(ctx, func(ctx context.Context, c *router.Client, _ plan.Router) error {
		state, _ := c.Converged(ctx, 0) // one that does not answer is heard afterwards
		mu.Lock()
		defer mu.Unlock()
		for _, m := range state.Missing {
			missing[m] = true
		}
		return nil
	})
	return missing
}

// awaitChange waits until the routers that a change concerns lack no more than before.
func (a *applier) awaitChange(ctx context.Context, timeout time.Duration, before map[string]bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	var (
		mu   sync.Mutex
		last = map[string][]string{}
	)
	err := a.eachConcerned(ctx, func(ctx context.Context, c *router.Client, r plan.Router) error {
		return awaitRouter(ctx, r.Name, c.Converged, before, func(left []string) {
			mu.Lock()
			defer mu.Unlock()
			last[r.Name] = left
		})
	})
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		missing := &NotConvergedError{Lab: a.plan.Lab}
		for _, lines := range last {
			missing.Missing = append(missing.Missing, lines...)
		}
		slices.Sort(missing.Missing)
		return missing
	}
	if err == nil && len(a.scope.hosts) > 0 {
		err = a.services(ctx, true)
	}
	return err
}

// awaitRouter waits until a router lacks no more than before, and tells what it lacks
// until then.
func awaitRouter(ctx context.Context, name string, ask func(context.Context, time.Duration) (router.Convergence, error), before map[string]bool, tell func([]string)) error {
	for {
		state, err := ask(ctx, progressEvery)
		switch {
		case err == nil:
			left := slices.DeleteFunc(state.Missing, func(m string) bool { return before[m] })
			tell(left)
			if len(left) == 0 {
				return nil
			}
		case !router.NotStarted(err):
			return err
		default: // at once, while it is being restarted
			tell([]string{"router " + name + ": its agent does not answer"})
			select {
			case <-ctx.Done():
			case <-time.After(progressEvery):
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// eachConcerned asks the routers that a change concerns, all at once.
func (a *applier) eachConcerned(ctx context.Context, do func(context.Context, *router.Client, plan.Router) error) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, r := range a.plan.Routers {
		if !a.scope.router(r.Name) {
			continue
		}
		g.Go(func() error {
			c := router.NewClient(r.Name, store.AgentSocket(a.plan.Lab, r.Name))
			defer c.Close()
			return do(gctx, c, r)
		})
	}
	return g.Wait()
}
