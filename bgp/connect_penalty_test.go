package bgp

import (
	"testing"
	"time"

	"pseudowan/bgp/gate"
)

func TestPenalties(t *testing.T) {
	now := time.Now()
	var p penalty
	want := func(what string, d time.Duration) {
		t.Helper()
		if got := p.remaining(now); got != d {
			t.Errorf("%s: %s, want %s", what, got, d)
		}
	}
	offence := sessionEnd{why: "x", offence: true, lasted: time.Millisecond}
	want("new", 0)
	for i, d := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		p.note(offence, now)
		want("offence", d*time.Second)
		if i > 0 && p.remaining(now.Add(maxPenalty)) != 0 {
			t.Error("the penalty does not end")
		}
	}
	now = now.Add(forgiven + time.Second)
	p.note(offence, now)
	want("after ten minutes", time.Second)
	p.note(sessionEnd{why: "x", lasted: time.Hour}, now)
	p.note(offence, now)
	want("after an hour's session", time.Second)

	p = penalty{}
	flap := sessionEnd{why: "x", lasted: time.Millisecond}
	for range maxFlaps {
		p.note(flap, now)
	}
	want("a few flaps", 0)
	p.note(flap, now)
	want("one more", flapPause)
	now = now.Add(time.Minute)
	p.note(flap, now)
	want("a minute later", 0)
	p.note(sessionEnd{lasted: time.Millisecond}, now)
	want("ended by ourselves", 0)
}

func TestPace(t *testing.T) {
	now := time.Now()
	var p pace
	if d := p.take(1<<20, now); d != 0 {
		t.Errorf("without limit: %s", d)
	}
	p.set(10_000)
	if d := p.take(20_000, now); d != 0 {
		t.Errorf("twice the limit at once: %s", d)
	}
	if d := p.take(500, now); d != 500*time.Millisecond {
		t.Errorf("500 more: %s, want 500ms", d)
	}
	if d := p.take(500, now.Add(time.Second)); d != 0 {
		t.Errorf("after a second: %s", d)
	}
}

// Requests for all routes wait until the last answer has been sent.
func TestRefreshes(t *testing.T) {
	now := time.Now()
	var r refreshes
	ask := func() { r.ask(gate.Refresh{Family: gate.VPNv4, Message: message(5, 0, 1, 0, 128)}) }
	ask()
	if out := r.due(now, false, true); len(out) != 1 || !r.wake(now).IsZero() {
		t.Errorf("the first: %v", out)
	}
	ask()
	ask()
	for _, tt := range []struct {
		after          time.Duration
		busy, caughtUp bool
		want           int
	}{
		{500 * time.Millisecond, false, true, 0}, {2 * time.Second, false, false, 0}, {20 * time.Second, true, false, 0},
		{2 * time.Second, false, true, 1},
	} {
		if out := r.due(now.Add(tt.after), tt.busy, tt.caughtUp); len(out) != tt.want {
			t.Errorf("%+v: %d requests", tt, len(out))
		}
	}
	ask()
	if r.wake(now).IsZero() || len(r.due(now.Add(20*time.Second), false, false)) != 1 {
		t.Error("a request is never answered if there is always something to send")
	}
}
