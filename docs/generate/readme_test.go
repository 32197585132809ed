package main

import (
	"strings"
	"testing"
)

// The README is short, apart from its list of the ready labs, and its own lab is valid.
func TestReadme(t *testing.T) {
	readme := read(t, "README.md")
	if lines := strings.Count(readme, "\n") - strings.Count(readme, "\n| [`"); lines > 110 {
		t.Errorf("README.md has %d lines without its labs, more than 110: move something to docs", lines)
	}
	labs := read(t, "docs/labs.md")
	rows := 0
	for line := range strings.Lines(labs) {
		if strings.HasPrefix(line, "| [") {
			rows++
			if row := strings.Replace(line, "](#", "](docs/labs.md#", 1); !strings.Contains(readme, row) {
				t.Errorf("README.md does not have the line %s", row)
			}
		}
	}
	if rows < 5 || strings.Count(readme, "](docs/labs.md#") != rows {
		t.Errorf("README.md does not list the %d labs of docs/labs.md, and no others", rows)
	}

	_, file, _ := strings.Cut(readme, "```yaml\n")
	file, _, _ = strings.Cut(file, "```")
	if _, err := built.output([]byte(file), "validate", "-"); err != nil {
		t.Error(err)
	}
}
