package main

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlainProgressPrintsEachStepOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := newProgress(&b)
		p.Step("starting routers")
		time.Sleep(1500 * time.Millisecond)
		p.Step("waiting for 3 hosts")
		p.Step("waiting for 3 hosts")
		p.Close()
		if got, want := b.String(), "  0.0s starting routers\n  1.5s waiting for 3 hosts\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestLiveProgressRewritesItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := newLiveProgress(&b, func() int { return 20 })
		time.Sleep(1020 * time.Millisecond)
		if b.Len() > 0 {
			t.Errorf("drawn before the first step: %q", &b)
		}
		p.Step("a step whose name is longer than the line")
		time.Sleep(2 * redrawEvery)
		p.Close()
		lines := strings.Split(b.String(), "\r\x1b[K")
		want := []string{"", "  1.0s a step whose", "  1.1s a step whose", "  1.2s a step whose", ""}
		if !slices.Equal(lines, want) {
			t.Errorf("got %q, want %q", lines, want)
		}
	})
}

func TestLiveProgressStopsDrawing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := newLiveProgress(&b, func() int { return 80 })
		var steps sync.WaitGroup
		for range 4 {
			steps.Go(func() { p.Step("step") })
		}
		steps.Wait()
		p.Close()
		drawn := b.Len()
		time.Sleep(time.Minute)
		if b.Len() != drawn {
			t.Error("drew after Close")
		}
	})
}
