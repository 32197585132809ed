package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"pseudowan/status"
)

func TestParseFormat(t *testing.T) {
	for _, f := range Formats() {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for _, bad := range []string{"", "xml", "JSON", "json "} {
		_, err := ParseFormat(bad)
		if err == nil || !strings.Contains(err.Error(), "table, wide, json, yaml") {
			t.Errorf("ParseFormat(%q): error %v does not name the choices", bad, err)
		}
	}
}

func TestUnknownFormatPrintsNothing(t *testing.T) {
	for _, table := range tables() {
		var b bytes.Buffer
		if err := table.print(Output{W: &b, Format: "xml"}, false); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v, printed %q", table.name, err, &b)
		}
	}
}

// Scripts must find a list everywhere: null has no length in most languages.
func TestJSONHasNoNullList(t *testing.T) {
	nullable := regexp.MustCompile(`"(label|swap|path_id|med|local_pref|exit_code|last_error_at|last_end_at|last_at|last_up|RouterAS|MED|LocalPref)": null`)
	for _, table := range tables() {
		for _, empty := range []bool{true, false} {
			var b bytes.Buffer
			if err := table.print(Output{W: &b, Format: JSON}, empty); err != nil {
				t.Fatal(err)
			}
			if empty && b.String() != "[]\n" {
				t.Errorf("%s without rows: %q", table.name, &b)
			}
			if rest := nullable.ReplaceAllString(b.String(), ""); strings.Contains(rest, "null") {
				t.Errorf("%s: null in %s", table.name, rest)
			}
		}
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	for _, table := range tables() {
		var j, y bytes.Buffer
		if err := errors.Join(
			table.print(Output{W: &j, Format: JSON}, false),
			table.print(Output{W: &y, Format: YAML}, false),
		); err != nil {
			t.Fatal(err)
		}
		var fromJSON, fromYAML any
		if err := errors.Join(yaml.Unmarshal(j.Bytes(), &fromJSON), yaml.Unmarshal(y.Bytes(), &fromYAML)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromJSON, fromYAML); diff != "" {
			t.Errorf("%s (-json +yaml):\n%s", table.name, diff)
		}
	}
}

// Older YAML parsers read these plain words as numbers, dates or booleans.
func TestYAMLQuotesAmbiguousWords(t *testing.T) {
	for _, word := range []string{"65001:10", "on", "no", "12", "1e3", "null", "~", "2026-01-01", "", "- a", "a: b", "#", "\u00e9\n\"\\"} {
		var b bytes.Buffer
		if err := Ports(Output{W: &b, Format: YAML}, []status.Port{{Name: word}}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "name: "+word+"\n") {
			t.Errorf("%q is not quoted:\n%s", word, &b)
		}
		var rows []struct{ Name string }
		if err := yaml.Unmarshal(b.Bytes(), &rows); err != nil || rows[0].Name != word {
			t.Errorf("%q came back as %q, %v", word, rows, err)
		}
	}
}

func TestOrderDoesNotDependOnInput(t *testing.T) {
	shuffled := func(seed uint64) string {
		in := make([]status.VRF, len(vrfs))
		copy(in, vrfs)
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		for i := range in {
			routes := append([]status.Route(nil), in[i].Routes...)
			r.Shuffle(len(routes), func(i, j int) { routes[i], routes[j] = routes[j], routes[i] })
			in[i].Routes = routes
		}
		var b bytes.Buffer
		if err := VRFs(Output{W: &b}, in); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := shuffled(0)
	for seed := range uint64(20) {
		if diff := cmp.Diff(want, shuffled(seed)); diff != "" {
			t.Fatalf("seed %d:\n%s", seed, diff)
		}
	}
}

func TestRowsAreNotChanged(t *testing.T) {
	before, err := json.Marshal([]any{peers, sessionRoutes, interfaces, neighbors, vrfs, bindings, flows, ports, ribs, nodes, findings, readyLabs, collectedRouters, collectedPeers, collectedRoutes, stations, recorded})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables() {
		for _, f := range Formats() {
			if err := table.print(Output{W: new(bytes.Buffer), Format: f}, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	after, err := json.Marshal([]any{peers, sessionRoutes, interfaces, neighbors, vrfs, bindings, flows, ports, ribs, nodes, findings, readyLabs, collectedRouters, collectedPeers, collectedRoutes, stations, recorded})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Error(diff)
	}
}

func TestZone(t *testing.T) {
	var b bytes.Buffer
	if err := Peers(Output{W: &b, Zone: time.FixedZone("", 2*3600)}, peers[:1]); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "2026/03/02 01:59:58") {
		t.Errorf("not in the zone:\n%s", &b)
	}
}

// Every row of a flat table has as many words as its header, and columns start
// under their heads, even if values are missing.
func TestFlatTablesCanBeCutAtBlanks(t *testing.T) {
	for _, table := range tables() {
		if slices.Contains([]string{"vrf", "rib", "peer", "neighbor", "neighbor-received", "bfd", "bmp", "mrt", "doctor", "collected-routers", "collected-peers", "collected-routes"}, table.name) {
			continue // sections; a time of two words; sentences
		}
		var b bytes.Buffer
		if err := table.print(Output{W: &b}, false); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		for _, l := range lines {
			if len(strings.Fields(l)) != len(strings.Fields(lines[0])) {
				t.Errorf("%s: %q does not have as many words as %q", table.name, l, lines[0])
			}
			if strings.TrimRight(l, " ") != l {
				t.Errorf("%s: blanks at the end of %q", table.name, l)
			}
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsAreReturned(t *testing.T) {
	for _, table := range tables() {
		for _, f := range Formats() {
			if err := table.print(Output{W: brokenWriter{}, Format: f}, false); !errors.Is(err, errBroken) {
				t.Errorf("%s %s: error %v", table.name, f, err)
			}
		}
	}
}

func BenchmarkYAML(b *testing.B) {
	rows := make([]status.RIB, 10000)
	for i := range rows {
		rows[i] = ribs[i%len(ribs)]
	}
	for b.Loop() {
		if err := RIB(Output{W: new(bytes.Buffer), Format: YAML}, rows); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEndings(t *testing.T) {
	var b strings.Builder
	if err := Endings(&b, nodes); err != nil {
		t.Fatal(err)
	}
	want := "host_002_102 of lab pseudo-wan: service kea: restarting, exit code 1\n  no leases\n" +
		"host_003_103 of lab pseudo-wan: its command has ended, exit code 3\n  reading /run/bird.conf\n  syntax error\n" +
		"host_004_201 of lab pseudo-wan: its command has ended, exit code unknown\n"
	if b.String() != want {
		t.Errorf("%q", b.String())
	}
}
