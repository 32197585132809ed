package logfile

import (
	"context"
	"log/slog"
	"time"
)

// How often Keep looks: every pause, briskly while a log is being filled, and
// for new logs every lookAround.
const (
	pause      = 100 * time.Millisecond
	brisk      = 10 * time.Millisecond
	lookAround = time.Second
)

// Keep bounds logs until ctx ends. paths tells which there are now. What goes
// wrong with one keeps the others from nothing.
func Keep(ctx context.Context, paths func() []string, log *slog.Logger) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var logs []string
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if time.Since(looked) >= lookAround {
			logs, looked = paths(), time.Now()
		}
		next := pause
		for _, path := range logs {
			rotated, err := Bound(path, Limit)
			if err != nil {
				log.Warn("a log cannot be bounded", "path", path, "error", err)
			}
			if rotated {
				next = brisk
			}
		}
		timer.Reset(next)
	}
}
