package logfile

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// limits bound what a Handler writes.
type limits struct {
	burst int           // records of one kind that are written at once
	every time.Duration // then one in this time, with the number of records it stands for
	kinds int           // kinds that are counted separately
}

// causes are the attributes that identify the cause of a record. Records with
// the same text, level and cause are of one kind: what one peer or port makes a
// router log does not suppress records about the others.
var causes = map[string]bool{
	"neighbor": true, "peer": true, "Key": true, "port": true, "interface": true,
	"host": true, "router": true, "vrf": true, "from": true, "path": true,
}

// Handler is a slog.Handler that writes the first records of a kind and counts
// the others: from time to time it writes the last one, with the attribute
// "repeated", the number of records that it stands for, including itself.
type Handler struct {
	inner slog.Handler
	bound string // the causes set by WithAttrs
	book  *book
}

// NewHandler makes a Handler in front of inner.
func NewHandler(inner slog.Handler) *Handler {
	return newHandler(inner, limits{burst: 10, every: 10 * time.Second, kinds: 512})
}

func newHandler(inner slog.Handler, l limits) *Handler {
	return &Handler{inner: inner, book: &book{limits: l, kinds: map[kind]*account{}}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.inner.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	bound := h.bound
	for _, a := range attrs {
		bound += cause(a)
	}
	return &Handler{h.inner.WithAttrs(attrs), bound, h.book}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.inner.WithGroup(name), h.bound, h.book}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	k := kind{level: r.Level, text: r.Message, cause: h.bound}
	r.Attrs(func(a slog.Attr) bool {
		k.cause += cause(a)
		return true
	})
	r = shortened(r)
	if !h.book.admit(k, h.inner, r) {
		return nil
	}
	return h.inner.Handle(ctx, r)
}

// Flush writes the records counted so far.
func (h *Handler) Flush() { h.book.tell() }

func cause(a slog.Attr) string {
	if !causes[a.Key] {
		return ""
	}
	return a.Key + "=" + cut(a.Value.String(), longestCause) + ";"
}

// Bounds of texts under the control of others, in octets.
const (
	longestCause = 64
	longestText  = 1024
)

func cut(s string, longest int) string {
	if len(s) <= longest {
		return s
	}
	return s[:longest] + "…"
}

// shortened returns r with long texts cut: one may quote a peer's message.
func shortened(r slog.Record) slog.Record {
	out := slog.NewRecord(r.Time, r.Level, cut(r.Message, longestText), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if k := a.Value.Kind(); k == slog.KindString || k == slog.KindAny {
			if s := a.Value.String(); len(s) > longestText {
				a.Value = slog.StringValue(cut(s, longestText))
			}
		}
		out.AddAttrs(a)
		return true
	})
	return out
}

// kind is what records are counted by.
type kind struct {
	level       slog.Level
	text, cause string
}

// account counts the records of one kind.
type account struct {
	left    int // that may still be written at once
	since   time.Time
	counted int         // not written since
	last    slog.Record // of those
	handler slog.Handler
}

// book counts records. All handlers derived from one share it.
type book struct {
	limits limits

	mu    sync.Mutex
	kinds map[kind]*account
	timer *time.Timer // runs while something is counted
}

// admit reports whether to write a record now; otherwise it is counted.
func (b *book) admit(k kind, handler slog.Handler, r slog.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	a := b.account(k, now)
	if earned := now.Sub(a.since) / b.limits.every; earned > 0 {
		a.left = min(b.limits.burst, a.left+int(earned))
		a.since = a.since.Add(earned * b.limits.every)
	}
	if a.left > 0 && a.counted == 0 {
		a.left--
		return true
	}
	a.counted++
	a.last, a.handler = r, handler
	if b.timer == nil {
		b.timer = time.AfterFunc(b.limits.every, b.tell)
	}
	return false
}

// account returns the account of a kind. If there are too many kinds, it
// forgets quiet ones; any further kinds share one account a level.
func (b *book) account(k kind, now time.Time) *account {
	if a := b.kinds[k]; a != nil {
		return a
	}
	if len(b.kinds) >= b.limits.kinds {
		for old, a := range b.kinds {
			if a.counted == 0 && now.Sub(a.since) >= b.limits.every {
				delete(b.kinds, old)
			}
		}
	}
	if len(b.kinds) >= b.limits.kinds {
		k = kind{level: k.level}
		if a := b.kinds[k]; a != nil {
			return a
		}
	}
	a := &account{left: b.limits.burst, since: now}
	b.kinds[k] = a
	return a
}

// tell writes the counted records.
func (b *book) tell() {
	b.mu.Lock()
	var due []*account
	for _, a := range b.kinds {
		if a.counted > 0 {
			told := *a
			due = append(due, &told)
			a.counted, a.last = 0, slog.Record{}
			a.left, a.since = 0, time.Now()
		}
	}
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.mu.Unlock()
	for _, a := range due {
		a.last.AddAttrs(slog.Int("repeated", a.counted))
		_ = a.handler.Handle(context.Background(), a.last) // there is no caller to return it to
	}
}
