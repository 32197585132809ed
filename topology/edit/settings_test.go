package edit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Values are what a file would have in their place, not what YAML makes of them.
func TestSettingsAsWritten(t *testing.T) {
	got, err := ParseSettings([]string{"vrf=010", "password=0123", "env={V: 1.10, W: [0x10, 7], 08: 1_000, T: True}", "n=1e3", "d=2001-01-01", "ok=true", "x=1.5", "z=~"})
	want := map[string]any{
		"vrf": "010", "password": "0123", "n": "1e3", "d": "2001-01-01", "ok": true, "x": 1.5, "z": nil,
		"env": map[string]any{"V": "1.10", "W": []any{"0x10", 7}, "08": "1_000", "T": "True"},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	text, err := Apply(parsed(t, lab), []byte(lab), []Edit{{Op: HostAdd, Name: "h9", Settings: map[string]any{"to": "pe1", "vrf": "red", "addresses": "10.7.0.2/24", "env": map[string]any{"V": got["n"], "W": "1.10"}}}})
	if err != nil || !strings.Contains(string(text), `W: "1.10"`) {
		t.Errorf("%v\n%s", err, text)
	}
}

// Numbers from JSON are whole where they were, however large.
func TestSettingsOfJSON(t *testing.T) {
	var e Edit
	if err := json.Unmarshal([]byte(`{"op":"vrf-set","name":"red","settings":{"max-routes":1000000,"x-a":[2000000,{"b":3000000,"c":0.5}]}}`), &e); err != nil {
		t.Fatal(err)
	}
	f, err := read([]byte(lab))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.apply(parsed(t, lab), e); err != nil {
		t.Fatal(err)
	}
	text, err := f.text()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"max-routes: 1000000\n", "x-a: [2000000, {b: 3000000, c: 0.5}]"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s:\n%s", want, text)
		}
	}
}
