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

// KeepSlowly bounds logs that do not grow fast until ctx ends. It only looks from
// time to time: the kernel gives a user few watches of the kind that Keep has,
// and other programs of the server want some.
func KeepSlowly(ctx context.Context, paths func() []string, log *slog.Logger) {
	for {
		boundAll(paths(), log)
		if !sleep(ctx, lookAround) {
			return
		}
	}
}

func boundAll(logs []string, log *slog.Logger) {
	for _, path := range logs {
		if _, err := bound(path, maxSize); err != nil {
			log.Warn("a log cannot be bounded", "path", path, "error", err)
		}
	}
}

// Keep bounds logs until ctx ends, also those of writers who never pause. paths
// tells which there are now, or may soon be. A log that cannot be bounded is
// told of, and hinders no other. One process of a lab is enough.
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
			boundAll(logs, log)
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
