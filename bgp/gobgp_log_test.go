package bgp

import (
	"log/slog"
	"strings"
	"testing"
)

// A router's log says that sessions end, and not of each route that the engine need
// not withdraw.
func TestEngineLog(t *testing.T) {
	var out strings.Builder
	l := &engineLog{log: slog.New(slog.NewTextHandler(&out, nil))}
	l.Warn("No matching path for withdraw found, may be path was not installed into table", nil)
	l.Warn("sent notification", nil)
	if got := out.String(); strings.Contains(got, "withdraw") || strings.Count(got, "\n") != 1 {
		t.Errorf("logged:\n%s", got)
	}
}
