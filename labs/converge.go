package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/labs/build"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/topology"
)

// progressEvery is how long one of up to ten routers may take to report what it still
// lacks. More of them take longer: each tells of every route.
const progressEvery = 200 * time.Millisecond

// progressOf returns how long one of so many routers may take.
func progressOf(routers int) time.Duration { return progressEvery * time.Duration(max(1, routers/10)) }

// converge waits until no router lacks anything, and returns the outside peers
// that are not up.
func (a *applier) converge(ctx context.Context, timeout time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	w := convergence{
		applier: a, total: a.plan.Expected(),
		missing: map[string][]string{}, waiting: map[string][]string{}, said: map[string]bool{},
	}
	for _, r := range a.plan.Routers {
		w.said[r.Name] = false
		w.missing[r.Name] = []string{"router " + r.Name + ": its agent has not started"}
	}
	all, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		err := a.services(all, true)
		if err != nil {
			stop() // sessions and routes may depend on them
		}
		served <- err
	}()
	err := w.routers(all)
	if err == nil {
		err = a.settleCommands(all)
	}
	if err != nil && ctx.Err() == nil {
		stop()
	}
	var unserved error
	select {
	case unserved = <-served:
	default: // a command may end while services become ready
		if unserved = <-served; err == nil && unserved == nil {
			err = a.endedError(ctx, nil)
		}
	}
	return w.all(w.waiting), w.error(ctx, err, unserved)
}

// error joins what routers and services lacked at the timeout; otherwise it returns
// the first cause.
func (w *convergence) error(ctx context.Context, routers, services error) error {
	var ended, unserved *NotConvergedError
	switch {
	case errors.As(routers, &ended):
		return routers
	case errors.As(services, &unserved):
		if routers != nil && errors.Is(context.Cause(ctx), errTimeout) {
			unserved.Missing = append(unserved.Missing, w.allMissing()...)
		}
		return services
	case routers != nil && errors.Is(context.Cause(ctx), errTimeout):
		return &NotConvergedError{Lab: w.applier.plan.Lab, Missing: w.allMissing()}
	case services != nil && !errors.Is(services, context.Canceled):
		return services
	}
	return errors.Join(routers)
}

// routers waits for all routers, or until a host's own command ends.
func (w *convergence) routers(ctx context.Context) error {
	all, done := context.WithCancel(ctx)
	var watch errgroup.Group
	g, gctx := errgroup.WithContext(all)
	watch.Go(func() error {
		err := w.applier.untilEnded(gctx)
		if err != nil {
			done()
		}
		return err
	})
	for _, r := range w.applier.plan.Routers {
		g.Go(func() error { return w.router(gctx, r) })
	}
	err := g.Wait()
	done()
	if ended := watch.Wait(); ended != nil {
		return ended
	}
	return err
}

var errTimeout = errors.New("timeout")

// convergence is what the routers last reported.
type convergence struct {
	applier *applier
	total   int // number of things that may be missing
	mu      sync.Mutex
	said    map[string]bool // by router: whether its agent has answered
	missing map[string][]string
	waiting map[string][]string
}

func (w *convergence) router(ctx context.Context, r plan.Router) error {
	c := router.NewClient(r.Name, store.AgentSocket(w.applier.plan.Lab, r.Name))
	defer c.Close()
	// The agents of a new lab may have started before their wires existed. Those of
	// a running lab got their configuration afterwards.
	times := w.applier.times
	if w.applier.fresh {
		end := times.start("starting", r.Name)
		if err := build.HandOver(ctx, c, w.applier.config(r)); err != nil {
			return err
		}
		end()
	}
	defer times.start("converging", r.Name)()
	for {
		state, err := c.Converged(ctx, progressOf(len(w.applier.plan.Routers)))
		if router.NotStarted(err) { // it is being restarted
			if err = build.HandOver(ctx, c, w.applier.config(r)); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		w.set(r.Name, true, state)
		if len(state.Missing) == 0 {
			return nil
		}
	}
}

func (w *convergence) set(name string, said bool, c router.Convergence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.missing[name], w.waiting[name], w.said[name] = c.Missing, c.Waiting, said
	w.applier.progress.Step(waitingFor(w.starting(), w.count(), w.total))
}

// starting returns the routers whose agents have not answered yet.
func (w *convergence) starting() (routers []string) {
	for name, said := range w.said {
		if !said {
			routers = append(routers, name)
		}
	}
	slices.SortFunc(routers, topology.CompareNames)
	return routers
}

func (w *convergence) count() (n int) {
	for router, m := range w.missing {
		if w.said[router] {
			n += len(m)
		}
	}
	return n
}

// waitingFor describes what is still missing.
func waitingFor(starting []string, missing, total int) string {
	switch {
	case len(starting) > 0:
		return "waiting for router " + strings.Join(starting, ", ") + " to start"
	case missing > 0:
		return fmt.Sprintf("waiting for %d of %d links, hosts, sessions and routes", min(missing, total), total)
	}
	return "converged"
}

func (w *convergence) allMissing() []string { return w.all(w.missing) }

func (w *convergence) all(by map[string][]string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, lines := range by {
		out = append(out, lines...)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
