package logfile

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// output is a writer for several goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Split(strings.TrimSuffix(o.b.String(), "\n"), "\n")
}

func newLog(l limits) (*slog.Logger, *Handler, *output) {
	out := &output{}
	text := slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	h := newHandler(text, l)
	return slog.New(h), h, out
}

// A peer that causes ten thousand warnings a second gets a few lines and a
// count; another peer's first warning is written all the same.
func TestRepeatsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, out := newLog(limits{burst: 3, every: 10 * time.Second, kinds: 512})
		for i := range 1000 {
			log.Warn("malformed update", "peer", "10.0.0.1", "at", i)
			time.Sleep(time.Millisecond)
		}
		log.Warn("malformed update", "peer", "10.0.0.2", "at", 0)
		log.With("peer", "10.0.0.3").Warn("malformed update", "at", 0)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		h.Flush()
		want := []string{
			`level=WARN msg="malformed update" peer=10.0.0.1 at=0`,
			`level=WARN msg="malformed update" peer=10.0.0.1 at=1`,
			`level=WARN msg="malformed update" peer=10.0.0.1 at=2`,
			`level=WARN msg="malformed update" peer=10.0.0.2 at=0`,
			`level=WARN msg="malformed update" peer=10.0.0.3 at=0`,
			`level=WARN msg="malformed update" peer=10.0.0.1 at=999 repeated=997`,
		}
		if got := out.lines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Rare records are written, however often they have come before.
func TestRareRecordsAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, out := newLog(limits{burst: 2, every: time.Second, kinds: 512})
		for range 20 {
			log.Info("session up", "peer", "10.0.0.1")
			time.Sleep(2 * time.Second)
		}
		if got := out.lines(); len(got) != 20 || strings.Contains(strings.Join(got, ""), "repeated") {
			t.Errorf("%d lines:\n%s", len(got), strings.Join(got, "\n"))
		}
	})
}

// Different texts each time do not evade the limit.
func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, out := newLog(limits{burst: 2, every: time.Minute, kinds: 5})
		for i := range 10000 {
			log.Error(fmt.Sprint("text ", i), "peer", i)
		}
		h.Flush()
		const most = 5 + 2 + 1 // a line for each kind, two for those that share an account, and their count
		got := out.lines()
		if len(got) != most || !strings.HasSuffix(got[most-1], "repeated=9993") {
			t.Errorf("%d lines, want %d:\n%s", len(got), most, strings.Join(got, "\n"))
		}
		if n := len(h.book.kinds); n > 5+1 {
			t.Errorf("%d kinds are remembered", n)
		}
	})
}

func TestLongTextsAreCut(t *testing.T) {
	log, _, out := newLog(limits{burst: 10, every: 10 * time.Second, kinds: 512})
	log.Warn("refused", "message", strings.Repeat("x", 1<<20), "error", fmt.Errorf("%s", strings.Repeat("y", 1<<20)), "n", 7)
	got := out.lines()
	if len(got) != 1 || len(got[0]) > 2*longestText+100 || !strings.HasSuffix(got[0], " n=7") {
		t.Errorf("%d lines, the first of %d octets", len(got), len(got[0]))
	}
}
