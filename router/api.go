package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"pseudowan/router/config"
)

// Convergence is what a router still lacks to be as it was told to be.
type Convergence struct {
	Missing []string `json:"missing"` // empty: converged
	Waiting []string `json:"waiting"` // outside peers that are not there; they do not count
}

// maxStatusWait bounds how long one status request may be held.
const maxStatusWait = 30 * time.Second

// serve answers on a unix socket that only root may open, until ctx ends.
func (r *reactor) serve(ctx context.Context, path string) error {
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
	s := &http.Server{Handler: r.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("agent socket: %w", err)
	}
	return nil
}

func (r *reactor) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("PUT /v1/config", r.putConfig)
	m.HandleFunc("POST /v1/correct", r.postCorrect)
	m.HandleFunc("GET /v1/status", r.getStatus)
	list(m, r, "datapath", func(context.Context, *http.Request) (any, error) { return r.sw.Datapath(), nil })
	m.HandleFunc("POST /v1/fate", r.postFate)
	list(m, r, "peers", func(ctx context.Context, _ *http.Request) (any, error) { return r.peerRows(ctx) })
	list(m, r, "interfaces", func(ctx context.Context, _ *http.Request) (any, error) { return inLoop(ctx, r, r.interfaceRows) })
	list(m, r, "neighbors", func(ctx context.Context, _ *http.Request) (any, error) { return inLoop(ctx, r, r.neighborRows) })
	list(m, r, "vrfs", func(ctx context.Context, _ *http.Request) (any, error) { return r.vrfRows(ctx) })
	list(m, r, "mpls", func(ctx context.Context, _ *http.Request) (any, error) { return inLoop(ctx, r, r.mplsRows) })
	list(m, r, "flows", func(ctx context.Context, q *http.Request) (any, error) {
		return r.flowRows(ctx, q.URL.Query().Get("fast") == "")
	})
	list(m, r, "ports", func(ctx context.Context, _ *http.Request) (any, error) { return r.portRows(ctx) })
	list(m, r, "rib", func(ctx context.Context, _ *http.Request) (any, error) { return r.ribRows(ctx) })
	return m
}

func list(m *http.ServeMux, r *reactor, name string, rows func(context.Context, *http.Request) (any, error)) {
	m.HandleFunc("GET /v1/"+name, func(w http.ResponseWriter, q *http.Request) {
		v, err := rows(q.Context(), q)
		r.answer(w, v, err)
	})
}

func (r *reactor) answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, errRestart) || errors.Is(err, errEnding):
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		r.log.Warn("answer", "error", err)
	}
}

func (r *reactor) putConfig(w http.ResponseWriter, q *http.Request) {
	var c config.Router
	if err := json.NewDecoder(q.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.handIn.Do(func() { close(r.handedIn) })
	err := r.Configure(q.Context(), c)
	r.answer(w, struct{}{}, err)
}

func (r *reactor) postCorrect(w http.ResponseWriter, q *http.Request) {
	n, err := r.correctFlows(q.Context())
	r.answer(w, n, err)
}

// getStatus answers when the router has converged, or when the time that the
// request may wait (?wait=, a duration) is over.
func (r *reactor) getStatus(w http.ResponseWriter, q *http.Request) {
	wait := time.Duration(0)
	if text := q.URL.Query().Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			http.Error(w, "wait: want a duration such as 200ms", http.StatusBadRequest)
			return
		}
		wait = min(d, maxStatusWait)
	}
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel()
	for {
		changed, err := inLoop(q.Context(), r, func() <-chan struct{} { return r.changed })
		if err != nil {
			r.answer(w, nil, err)
			return
		}
		c, err := inLoop(q.Context(), r, r.convergence)
		if err != nil || len(c.Missing) == 0 || wait == 0 {
			r.answer(w, c, err)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			wait = 0
		}
	}
}

// errEnding answers whoever asks an agent that ends.
var errEnding = errors.New("the agent is ending")

// inLoop runs f in the reactor's goroutine and returns what it returned.
func inLoop[T any](ctx context.Context, r *reactor, f func() T) (T, error) {
	result := make(chan T, 1)
	select {
	case r.calls <- func() { result <- f() }:
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	case <-r.ended:
		var zero T
		return zero, errEnding
	}
	select {
	case v := <-result:
		return v, nil
	case <-r.ended:
		var zero T
		return zero, errEnding
	}
}
