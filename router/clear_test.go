package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"pseudowan/bgp"

	"pseudowan/status"
)

// A session that is not established, and what a router does not have, are told from other
// failures across the socket.
func TestClearNotEstablished(t *testing.T) {
	for _, why := range []error{fmt.Errorf("peer: %w", bgp.ErrNotEstablished), errors.New("broken"), fmt.Errorf("clear: %w", status.NotFound("there is no session"))} {
		a := &agent{}
		socket := filepath.Join(t.TempDir(), "agent")
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.answer(w, nil, why) }))
		s.Listener.Close()
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		s.Listener = l
		s.Start()
		defer s.Close()
		c := NewClient("pe1", socket)
		defer c.Close()
		_, err = c.Clear(context.Background(), Clearing{})
		if want := "router pe1: " + why.Error(); err == nil || err.Error() != want || errors.Is(err, ErrNotEstablished) != errors.Is(why, bgp.ErrNotEstablished) ||
			errors.Is(err, status.ErrNotFound) != errors.Is(why, status.ErrNotFound) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
