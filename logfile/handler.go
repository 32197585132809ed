package logfile

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Options say how much a Handler writes.
type Options struct {
	Burst int           // records of one kind that are written at once; 0: 10
	Every time.Duration // after these, one in this time, with the number of those it stands for; 0: 10 s
	Kinds int           // kinds that are told apart; 0: 512
}

// causes are the attributes that say who brought a record about. Records of
// the same text, level and cause are of one kind: a peer or port that makes a
// router talk takes nothing from what is said about the others.
var causes = map[string]bool{
	"neighbor": true, "peer": true, "Key": true, "port": true, "interface": true,
	"host": true, "router": true, "vrf": true, "from": true, "path": true,
}

// Handler is a slog.Handler that writes the first records of a kind and counts
// the others: from time to time the last one is written, with the attribute
// "repeated", which says for how many it stands, itself among them.
type Handler struct {
	inner slog.Handler
	bound string // the causes that WithAttrs has fixed
	book  *book
}

// NewHandler makes a Handler in front of inner.
func NewHandler(inner slog.Handler, o Options) *Handler {
	if o.Burst == 0 {
		o.Burst = 10
	}
	if o.Every == 0 {
		o.Every = 10 * time.Second
	}
	if o.Kinds == 0 {
		o.Kinds = 512
	}
	return &Handler{inner: inner, book: &book{options: o, kinds: map[kind]*account{}}}
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

// Flush writes what has been counted and not yet been told.
func (h *Handler) Flush() { h.book.tell() }

func cause(a slog.Attr) string {
	if !causes[a.Key] {
		return ""
	}
	return a.Key + "=" + cut(a.Value.String(), longestCause) + ";"
}

// The longest texts that are kept of what others make us write, in octets.
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

// shortened is r without the rest of long texts: a peer's message may be quoted
// in one.
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

// account is the records of one kind.
type account struct {
	left    int // that may be written at once
	since   time.Time
	counted int         // not written since
	last    slog.Record // of those
	handler slog.Handler
}

// book counts records. It is shared by all handlers that come from one.
type book struct {
	options Options

	mu    sync.Mutex
	kinds map[kind]*account
	timer *time.Timer // runs while something is counted
}

// admit reports whether a record is to be written now; otherwise it is counted.
func (b *book) admit(k kind, handler slog.Handler, r slog.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	a := b.account(k, now)
	if earned := now.Sub(a.since) / b.options.Every; earned > 0 {
		a.left = min(b.options.Burst, a.left+int(earned))
		a.since = a.since.Add(earned * b.options.Every)
	}
	if a.left > 0 && a.counted == 0 {
		a.left--
		return true
	}
	a.counted++
	a.last, a.handler = r, handler
	if b.timer == nil {
		b.timer = time.AfterFunc(b.options.Every, b.tell)
	}
	return false
}

// account finds the account of a kind. Where there are too many, those that
// have been quiet are forgotten, and what is left over shares one by level.
func (b *book) account(k kind, now time.Time) *account {
	if a := b.kinds[k]; a != nil {
		return a
	}
	if len(b.kinds) >= b.options.Kinds {
		for old, a := range b.kinds {
			if a.counted == 0 && now.Sub(a.since) >= b.options.Every {
				delete(b.kinds, old)
			}
		}
	}
	if len(b.kinds) >= b.options.Kinds {
		k = kind{level: k.level}
		if a := b.kinds[k]; a != nil {
			return a
		}
	}
	a := &account{left: b.options.Burst, since: now}
	b.kinds[k] = a
	return a
}

// tell writes what has been counted.
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
		_ = a.handler.Handle(context.Background(), a.last) // nobody waits for it
	}
}
