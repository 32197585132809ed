package logfile

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"
)

// Keep checks a log after a write, but not more often than every pause; and all of
// them every lookAround, in case it was not notified, or lookByTheClock if it never is.
// After a new file it finds out anew which logs there are, which with many takes only a
// small share of the time.
const (
	pause          = 5 * time.Millisecond
	lookAround     = 30 * time.Second
	lookByTheClock = time.Second
	share          = 20 // one part of so many
	longest        = 250 * time.Millisecond
	settling       = 10 * time.Second // after a new file: its directory may have been too new to be watched
)

// KeepSlowly bounds slowly growing logs until ctx ends. It polls: the kernel
// allows a user only a few inotify instances, and other programs of the server
// need some.
func KeepSlowly(ctx context.Context, paths func() []string, log *slog.Logger) {
	const every = time.Minute
	for {
		boundAll(paths(), log)
		if !sleep(ctx, every) {
			return
		}
	}
}

func boundAll(logs []string, log *slog.Logger) {
	for _, path := range logs {
		if _, err := bound(path, maxSize); err != nil {
			log.Warn("cannot bound a log", "path", path, "error", err)
		}
	}
}

// Keep bounds logs until ctx ends, even those of writers that never pause.
// paths returns the current and expected ones. Errors about one log are logged,
// and do not affect the others. One process of a lab is enough.
func Keep(ctx context.Context, paths func() []string, log *slog.Logger) {
	changes := newChanges(log)
	defer changes.close()
	around := lookAround
	if changes.file == nil {
		around = lookByTheClock
	}
	for last := time.Now(); ; {
		began := time.Now()
		logs := paths()
		for _, path := range logs {
			dir := filepath.Dir(path)
			changes.watch(filepath.Dir(dir))
			changes.watch(dir)
		}
		boundAll(logs, log)
		took := time.Since(began)
		rested, again := time.Now().Add(min(share*took, longest)), time.Now().Add(around)
		if time.Since(last) < settling {
			again = time.Now().Add(max(share*took, longest))
		}
		for time.Now().Before(again) {
			if !sleep(ctx, pause) {
				return
			}
			written, appeared, ok := changes.wait(ctx, time.Until(again))
			if !ok {
				return
			}
			if appeared {
				last = time.Now()
				if rested.Before(again) {
					again = rested
				}
			}
			boundAll(among(logs, written), log)
		}
	}
}

// among returns the logs that have been written, all if that is unknown.
func among(logs []string, written map[string]bool) []string {
	if written == nil {
		return logs
	}
	var some []string
	for _, path := range logs {
		if written[path] {
			some = append(some, path)
		}
	}
	return some
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
