package logfile

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"
)

// Keep looks when something is written or a file appears, but at most every
// pause; for logs that it has not been told of, every lookAround.
const (
	pause      = 5 * time.Millisecond
	lookAround = time.Second
)

// Keep bounds logs until ctx ends. paths tells which there are now, or may soon
// be. A log that cannot be bounded is told of, and hinders no other.
func Keep(ctx context.Context, paths func() []string, log *slog.Logger) {
	changes := newChanges(log)
	defer changes.close()
	for {
		logs := paths()
		for _, path := range logs {
			dir := filepath.Dir(path)
			changes.watch(filepath.Dir(dir))
			changes.watch(dir)
		}
		for again := time.Now().Add(lookAround); time.Now().Before(again); {
			for _, path := range logs {
				if _, err := Bound(path, Limit); err != nil {
					log.Warn("a log cannot be bounded", "path", path, "error", err)
				}
			}
			if !sleep(ctx, pause) {
				return
			}
			appeared, ok := changes.wait(ctx, time.Until(again))
			if !ok {
				return
			}
			if appeared {
				break
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
