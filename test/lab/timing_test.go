package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// up tells where its time went, as a table and for a trace viewer.
func TestRealUpTiming(t *testing.T) {
	dir := t.TempDir()
	l := fromText(t, dir, "pwt-timing", strings.Replace(oneRouter, "pwt-heal", "pwt-timing", 1))
	file := filepath.Join(dir, "trace.json")
	t.Cleanup(func() { pseudowan("down", l.name) })
	out := must(t, "up", l.file, "--timing", "--timing-trace", file)
	for _, want := range []string{"making hosts", "converging", "pe1"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	var trace struct {
		Events []struct {
			Name     string
			Kind     string  `json:"ph"`
			Begin    float64 `json:"ts"`
			Duration float64 `json:"dur"`
		} `json:"traceEvents"`
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &trace)
	}
	if err != nil {
		t.Fatal(err)
	}
	spent := 0.0
	for _, e := range trace.Events {
		if e.Kind == "X" {
			spent += e.Duration
		}
	}
	if spent == 0 || len(trace.Events) < 12 {
		t.Errorf("%d events of %g µs:\n%s", len(trace.Events), spent, b)
	}
}
