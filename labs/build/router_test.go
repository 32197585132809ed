package build

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pseudowan/router"
	"pseudowan/router/config"
)

// agent serves the API of a router's agent on a socket, and returns its client. The
// socket does not exist before start is called.
func agent(t *testing.T, handle http.HandlerFunc) (c *router.Client, start func()) {
	socket := filepath.Join(t.TempDir(), "agent.sock")
	c = router.NewClient("pe1", socket)
	t.Cleanup(c.Close)
	return c, func() {
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Error(err)
			return
		}
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: handle}}
		s.Start()
		t.Cleanup(s.Close)
	}
}

// The configuration reaches an agent that is not there yet, and one that is being
// replaced.
func TestHandOverWaitsForTheAgent(t *testing.T) {
	var calls atomic.Int32
	got := make(chan config.Router, 1)
	c, start := agent(t, func(w http.ResponseWriter, q *http.Request) {
		if calls.Add(1) < 3 {
			http.Error(w, "the agent is ending", http.StatusServiceUnavailable)
			return
		}
		var cfg config.Router
		if err := json.NewDecoder(q.Body).Decode(&cfg); err != nil || q.URL.Path != "/v1/config" {
			t.Errorf("%s %s: %v", q.Method, q.URL, err)
		}
		got <- cfg
	})
	time.AfterFunc(5*startPoll, start)
	if err := HandOver(t.Context(), c, config.Router{Router: "pe1", AS: 65000}); err != nil {
		t.Fatal(err)
	}
	if cfg := <-got; cfg.Router != "pe1" || cfg.AS != 65000 {
		t.Errorf("%+v", cfg)
	}
}

// An agent that refuses the configuration is not asked again.
func TestHandOverEndsWithARefusal(t *testing.T) {
	var calls atomic.Int32
	c, start := agent(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		http.Error(w, "no label left", http.StatusInternalServerError)
	})
	start()
	err := HandOver(t.Context(), c, config.Router{})
	if err == nil || !strings.Contains(err.Error(), "router pe1: no label left") || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// If the agent never starts, the error is the cause of the end of ctx.
func TestHandOverGivesUp(t *testing.T) {
	late := errors.New("its agent has not applied the configuration in time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 3*startPoll, late)
	defer cancel()
	c, _ := agent(t, nil)
	if err := HandOver(ctx, c, config.Router{}); !errors.Is(err, late) {
		t.Errorf("%v, want %v", err, late)
	}
}
