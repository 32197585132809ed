package v1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// teller serves events that tell comes up with, and returns the answer to who wants them.
func teller(t *testing.T, tell func(context.Context, look.EventOptions, func(status.Event) error) error) *http.Response {
	t.Helper()
	m := http.NewServeMux()
	register(m, server{lab: "lab", tell: tell})
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Body.Close() })
	return a
}

// A client knows that it misses nothing before anything happens.
func TestEventsBegin(t *testing.T) {
	happen := make(chan bool)
	a := teller(t, func(ctx context.Context, o look.EventOptions, hear func(status.Event) error) error {
		o.Opened()
		select {
		case <-happen:
		case <-ctx.Done():
		}
		return hear(status.Event{Text: "something happens"})
	})
	lines := bufio.NewReader(a.Body)
	line, err := lines.ReadString('\n')
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/event-stream" || err != nil || !strings.HasPrefix(line, ":") {
		t.Fatalf("%s, %v, %q, %v", a.Status, a.Header, line, err)
	}
	close(happen)
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.Contains(string(rest), "something happens") {
		t.Errorf("at the end of the lab: %q, %v", rest, err)
	}
}

// What is no end of the lab does not look like one.
func TestEventsCut(t *testing.T) {
	a := teller(t, func(_ context.Context, o look.EventOptions, _ func(status.Event) error) error {
		o.Opened()
		return errors.New("disk on fire")
	})
	if text, err := io.ReadAll(a.Body); err == nil {
		t.Errorf("it ended with %q", text)
	}
	for want, why := range map[int]error{http.StatusNotFound: status.NotFound("no lab"), http.StatusServiceUnavailable: errors.New("disk on fire")} {
		a := teller(t, func(context.Context, look.EventOptions, func(status.Event) error) error { return why })
		text, err := io.ReadAll(a.Body)
		if a.StatusCode != want || a.Header.Get("Content-Type") != "application/problem+json" || err != nil || !strings.Contains(string(text), why.Error()) {
			t.Errorf("%v: %s, %q, %v", why, a.Status, text, err)
		}
	}
}
