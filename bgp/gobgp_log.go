package bgp

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	gobgplog "github.com/osrg/gobgp/v3/pkg/log"
)

// levelTrace is the level of GoBGP's debug messages: every message and state.
const levelTrace = slog.LevelDebug - 4

// engineLog passes on GoBGP's messages. It never ends the process.
type engineLog struct {
	log *slog.Logger

	mu    sync.Mutex
	fatal error
}

func (l *engineLog) write(level slog.Level, msg string, fields gobgplog.Fields) {
	ctx := context.Background()
	if !l.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		attrs = append(attrs, slog.Any(name, fields[name]))
	}
	l.log.LogAttrs(ctx, level, "gobgp: "+msg, attrs...)
}

// fatalError returns the last error for which GoBGP wanted to end the process.
func (l *engineLog) fatalError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// Panic implements GoBGP's logger.
func (l *engineLog) Panic(msg string, fields gobgplog.Fields) {
	l.write(slog.LevelError, msg, fields)
	panic("gobgp: " + msg)
}

// Fatal implements GoBGP's logger.
func (l *engineLog) Fatal(msg string, fields gobgplog.Fields) {
	l.write(slog.LevelError, msg, fields)
	err := errors.New(msg)
	if cause, ok := fields["Err"].(error); ok {
		err = cause
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fatal = err
}

// Error implements GoBGP's logger.
func (l *engineLog) Error(msg string, fields gobgplog.Fields) { l.write(slog.LevelError, msg, fields) }

// unknownWithdrawn is what GoBGP says of a withdrawn route that it does not have. The
// gate has such withdrawn that loop or that a policy rejects, as GoBGP may have kept
// older ones; a peer that tells all our routes back is no news.
const unknownWithdrawn = "No matching path for withdraw found"

// Warn implements GoBGP's logger. GoBGP warns of every session that ends.
func (l *engineLog) Warn(msg string, fields gobgplog.Fields) {
	level := slog.LevelInfo
	if strings.HasPrefix(msg, unknownWithdrawn) {
		level = levelTrace
	}
	l.write(level, msg, fields)
}

// Info implements GoBGP's logger.
func (l *engineLog) Info(msg string, fields gobgplog.Fields) { l.write(slog.LevelDebug, msg, fields) }

// Debug implements GoBGP's logger.
func (l *engineLog) Debug(msg string, fields gobgplog.Fields) { l.write(levelTrace, msg, fields) }

// SetLevel implements GoBGP's logger. slog has the level.
func (l *engineLog) SetLevel(gobgplog.LogLevel) {}

// GetLevel implements GoBGP's logger.
func (l *engineLog) GetLevel() gobgplog.LogLevel {
	if l.log.Enabled(context.Background(), levelTrace) {
		return gobgplog.DebugLevel
	}
	return gobgplog.InfoLevel
}
