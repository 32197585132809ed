package preview

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/show"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/compare"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file is a lab and, after a line of ----, another version of it. The golden file
// has what the second means for the first.
func TestOf(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no labs: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		old, changed, both := strings.Cut(string(text), "----\n")
		before := parsed(t, old)
		after := before
		var p status.Preview
		if both {
			after = parsed(t, changed)
			p = Of(before, after)
			p.Running = true
			p.Differences = compare.Lines(before, after, compare.Names{Only: "the running lab", Other: "the file"})
		} else {
			p = Of(nil, after)
		}
		var got bytes.Buffer
		for _, verbose := range []bool{false, true} {
			fmt.Fprintf(&got, "verbose %v:\n", verbose)
			if err := show.Preview(show.Output{W: &got, Format: show.Table}, p, verbose); err != nil {
				t.Fatal(err)
			}
		}
		golden := strings.TrimSuffix(file, ".yaml") + ".txt"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != got.String() {
			t.Errorf("%s: %v: it is now:\n%s", file, err, &got)
		}
	}
}

func parsed(t *testing.T, text string) *topology.Topology {
	t.Helper()
	lab, err := topology.Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return lab
}
