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
)

// A session that is not established is told from other failures across the socket.
func TestClearNotEstablished(t *testing.T) {
	for _, why := range []error{fmt.Errorf("peer: %w", bgp.ErrNotEstablished), errors.New("there is no session")} {
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
		if want := "router pe1: " + why.Error(); err == nil || err.Error() != want || errors.Is(err, ErrNotEstablished) != errors.Is(why, bgp.ErrNotEstablished) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
