package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every visible command has a line that says what it does, and an example.
func TestEveryCommandHasHelp(t *testing.T) {
	seen := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		seen++
		name := c.CommandPath()
		switch {
		case c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 75:
			t.Errorf("%s: short help %q", name, c.Short)
		case !strings.HasPrefix(c.Example, "  ") || !strings.Contains(c.Example, "pseudowan"):
			t.Errorf("%s: example %q", name, c.Example)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams{}))
	if seen < 20 {
		t.Errorf("only %d commands seen", seen)
	}
}

// Commands in examples exist.
func TestExamplesAreCommands(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			i := slices.Index(words, "pseudowan")
			if i < 0 {
				continue // a comment
			}
			found, rest, err := newRoot(streams{}).Find(words[i+1:])
			if err != nil || found.Name() == "pseudowan" && len(rest) > 0 {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams{}))
}

func TestManPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	write := func() map[string]string {
		dir := t.TempDir()
		var out, err bytes.Buffer
		if code := run(t.Context(), []string{"man", filepath.Join(dir, "man1")}, strings.NewReader(""), &out, &err); code != exitOK {
			t.Fatalf("exit code %d: %s", code, &err)
		}
		pages := map[string]string{}
		files, _ := filepath.Glob(filepath.Join(dir, "man1", "*"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			pages[filepath.Base(f)] = string(text)
		}
		return pages
	}
	pages := write()
	for _, want := range []string{"pseudowan.1", "pseudowan-up.1", "pseudowan-show-vrf.1", "pseudowan-doctor.1"} {
		if text := pages[want]; !strings.Contains(text, ".SH NAME") || !strings.Contains(text, ".SH EXAMPLE") {
			t.Errorf("%s: %.200q", want, text)
		}
	}
	if _, ok := pages["pseudowan-agent.1"]; ok {
		t.Error("a hidden command has a page")
	}
	// The table of exit codes keeps its lines.
	if !strings.Contains(pages["pseudowan.1"], "\n0    done\n") {
		t.Errorf("exit codes: %s", pages["pseudowan.1"])
	}
	for name, again := range write() {
		if again != pages[name] {
			t.Errorf("%s differs in the second run", name)
		}
	}
}
