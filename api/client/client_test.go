package client

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// events returns what a client hears of an answer, and how it ends. It gives up after so
// many; 0: never.
func events(t *testing.T, enough int, h http.HandlerFunc) (texts []string, end error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := httptest.NewServer(h)
	defer s.Close()
	for e, err := range NewAt(strings.TrimPrefix(s.URL, "http://"), "token").Events(ctx, -1) {
		if err != nil {
			return texts, err
		}
		if texts = append(texts, e.Text); len(texts) == enough {
			cancel()
		}
	}
	return texts, nil
}

// A cut connection is told from the end of the lab, and no event is too long.
func TestEventsEnd(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	say := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, ": begin\n\nevent: event\ndata: {\"text\":\"one\"}\n\ndata: {\"text\":\""+long+"\"}\n\n")
		_ = http.NewResponseController(w).Flush()
	}
	texts, err := events(t, 0, func(w http.ResponseWriter, _ *http.Request) { say(w) })
	if err != nil || len(texts) != 2 || texts[0] != "one" || texts[1] != long {
		t.Errorf("the end of the lab: %d, %v", len(texts), err)
	}
	texts, err = events(t, 0, func(w http.ResponseWriter, _ *http.Request) {
		say(w)
		panic(http.ErrAbortHandler)
	})
	if err == nil || len(texts) != 2 {
		t.Errorf("a cut connection: %d, %v", len(texts), err)
	}
	texts, err = events(t, 2, func(w http.ResponseWriter, q *http.Request) {
		say(w)
		<-q.Context().Done()
	})
	if err != nil || len(texts) != 2 {
		t.Errorf("the client's own end: %d, %v", len(texts), err)
	}
}
