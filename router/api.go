package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"pseudowan/ovs"
	"pseudowan/router/config"
	"pseudowan/status"
)

// Convergence is what a router still lacks to match its configuration.
type Convergence struct {
	Missing []string `json:"missing"` // empty once converged
	Waiting []string `json:"waiting"` // absent outside peers; the router converges without them
}

// maxStatusWait limits how long a status request may wait.
const maxStatusWait = 30 * time.Second

// serve answers requests on a unix socket that only root may open, until ctx ends.
func (a *agent) serve(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("agent socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("agent socket: %w", err)
	}
	s := &http.Server{Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	var closing sync.WaitGroup
	closing.Go(func() {
		<-ctx.Done()
		s.Close()
	})
	err = s.Serve(l)
	cancel()
	closing.Wait()
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("agent socket: %w", err)
	}
	return nil
}

func (a *agent) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("PUT /v1/config", a.putConfig)
	m.HandleFunc("POST /v1/correct", a.postCorrect)
	m.HandleFunc("GET /v1/status", a.getStatus)
	list(m, a, "datapath", func(context.Context, *http.Request) (any, error) { return a.sw.Datapath(), nil })
	m.HandleFunc("POST /v1/fate", a.postFate)
	m.HandleFunc("POST /v1/ping", a.postPing)
	m.HandleFunc("POST /v1/echo", a.postEcho)
	m.HandleFunc("POST /v1/clear", a.postClear)
	list(m, a, "peers", func(ctx context.Context, _ *http.Request) (any, error) { return a.peerRows(ctx) })
	list(m, a, "routes", a.getRoutes)
	list(m, a, "interfaces", func(ctx context.Context, _ *http.Request) (any, error) {
		return inLoop(ctx, a.loop, a.loop.interfaceRows)
	})
	list(m, a, "neighbors", func(ctx context.Context, _ *http.Request) (any, error) {
		return inLoop(ctx, a.loop, a.loop.neighborRows)
	})
	listSelected(m, a, "vrfs", func(ctx context.Context, sel status.Selection, _ url.Values) (any, error) { return a.vrfRows(ctx, sel) })
	listSelected(m, a, "mpls", func(ctx context.Context, sel status.Selection, _ url.Values) (any, error) {
		return inLoop(ctx, a.loop, func() []status.MPLS { return a.loop.mplsRows(sel) })
	})
	listSelected(m, a, "flows", func(ctx context.Context, sel status.Selection, q url.Values) (any, error) {
		return a.flowRows(ctx, sel, q.Get("fast") == "")
	})
	listSelected(m, a, "labels", func(ctx context.Context, sel status.Selection, q url.Values) (any, error) {
		return a.labelRows(ctx, sel, q.Get("label"))
	})
	stream(m, a, "vrfs", a.streamVRFs)
	stream(m, a, "mpls", a.streamMPLS)
	stream(m, a, "flows", a.streamFlows)
	stream(m, a, "rib", a.streamRIB)
	list(m, a, "destinations", func(ctx context.Context, _ *http.Request) (any, error) {
		return inLoop(ctx, a.loop, a.loop.destinations)
	})
	list(m, a, "audit", func(ctx context.Context, _ *http.Request) (any, error) { return a.audit(ctx) })
	list(m, a, "lsps", func(ctx context.Context, q *http.Request) (any, error) {
		return a.lspRows(ctx, q.URL.Query().Get("fast") == "")
	})
	list(m, a, "core", func(ctx context.Context, _ *http.Request) (any, error) { return inLoop(ctx, a.loop, a.loop.coreRows) })
	list(m, a, "bfd", func(ctx context.Context, _ *http.Request) (any, error) { return a.bfdRows(ctx) })
	list(m, a, "ports", func(ctx context.Context, _ *http.Request) (any, error) { return a.portRows(ctx) })
	list(m, a, "stations", func(context.Context, *http.Request) (any, error) { return a.stationRows(), nil })
	list(m, a, "mrt", func(context.Context, *http.Request) (any, error) { return a.fileRows(), nil })
	listSelected(m, a, "rib", func(ctx context.Context, sel status.Selection, _ url.Values) (any, error) { return a.ribRows(ctx, sel) })
	return m
}

func list(m *http.ServeMux, a *agent, name string, rows func(context.Context, *http.Request) (any, error)) {
	m.HandleFunc("GET /v1/"+name, func(w http.ResponseWriter, q *http.Request) {
		v, err := rows(q.Context(), q)
		a.answer(w, v, err)
	})
}

// listSelected is list for a table of routes.
func listSelected(m *http.ServeMux, a *agent, name string, rows func(context.Context, status.Selection, url.Values) (any, error)) {
	list(m, a, name, func(ctx context.Context, q *http.Request) (any, error) {
		words := q.URL.Query()
		sel, err := status.ReadSelection(words)
		if err != nil {
			return nil, err
		}
		return rows(ctx, sel, words)
	})
}

func (a *agent) answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, errRestart), errors.Is(err, errEnding), ovs.Lost(err): // its daemon is being replaced
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case errors.Is(err, ErrNotEstablished):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case errors.Is(err, status.ErrNotFound): // 404 is the answer of an agent that does not know the request
		http.Error(w, err.Error(), http.StatusGone)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.log.Warn("answer", "error", err)
	}
}

// asked reads what a request asks for; what is no JSON is refused.
func asked[T any](w http.ResponseWriter, q *http.Request) (v T, ok bool) {
	err := json.NewDecoder(q.Body).Decode(&v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return v, err == nil
}

func (a *agent) putConfig(w http.ResponseWriter, q *http.Request) {
	c, ok := asked[config.Router](w, q)
	if !ok {
		return
	}
	a.handIn.Do(func() { close(a.handedIn) })
	err := a.Configure(q.Context(), c)
	a.answer(w, struct{}{}, err)
}

func (a *agent) postCorrect(w http.ResponseWriter, q *http.Request) {
	n, err := a.correctFlows(q.Context())
	a.answer(w, n, err)
}

// getStatus answers once the router has converged, or after the duration that the
// request may wait (?wait=).
func (a *agent) getStatus(w http.ResponseWriter, q *http.Request) {
	wait := time.Duration(0)
	if text := q.URL.Query().Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			http.Error(w, "wait: must be a duration, e.g. 200ms", http.StatusBadRequest)
			return
		}
		wait = min(d, maxStatusWait)
	}
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel()
	there := 0 // so many of the expected routes
	for {
		type look struct {
			Convergence
			lacks   bool // and what else is missing was not examined
			changed <-chan struct{}
		}
		c, err := askLoop(q.Context(), a.loop, func() look {
			changed := a.loop.changed
			// The loop must not spend its time on saying what is missing, which is
			// the switch's flows until all are there.
			if wait > 0 && (a.loop.fib.Pending() || a.loop.lacksRoute(&there)) {
				return look{lacks: true, changed: changed}
			}
			return look{Convergence: a.loop.convergence(), changed: changed}
		})
		if err != nil || !c.lacks && (len(c.Missing) == 0 || wait == 0) {
			a.answer(w, c.Convergence, err)
			return
		}
		if !c.lacks {
			there = 0
		}
		select {
		case <-c.changed:
		case <-ctx.Done():
			wait = 0
		}
	}
}

// errEnding is the answer of an agent that is ending.
var errEnding = errors.New("the agent is ending")

// inLoop runs f in the loop's goroutine and returns what it returned.
func inLoop[T any](ctx context.Context, l *loop, f func() T) (T, error) {
	return through(ctx, l, l.calls, f)
}

// askLoop is inLoop for an f that changes nothing.
func askLoop[T any](ctx context.Context, l *loop, f func() T) (T, error) {
	return through(ctx, l, l.questions, f)
}

func through[T any](ctx context.Context, l *loop, calls chan<- func(), f func() T) (T, error) {
	result := make(chan T, 1)
	select {
	case calls <- func() { result <- f() }:
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	case <-l.ended:
		var zero T
		return zero, errEnding
	}
	select {
	case v := <-result:
		return v, nil
	case <-l.ended:
		var zero T
		return zero, errEnding
	}
}
