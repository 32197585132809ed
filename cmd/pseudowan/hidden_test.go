package main

import (
	"bytes"
	"strings"
	"testing"
)

// Processes of a lab do not log the same thing again and again, whoever causes
// it.
func TestLoggerCountsRepeats(t *testing.T) {
	var out bytes.Buffer
	log, flush := logger(&out)
	for range 10000 {
		log.Warn("malformed update", "peer", "10.0.0.1")
	}
	flush()
	const most = 20
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) > most || !strings.Contains(lines[len(lines)-1], "repeated=") {
		t.Errorf("%d lines, the last one: %s", len(lines), lines[len(lines)-1])
	}
}
