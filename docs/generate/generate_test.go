package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// built is the program under test.
var built program

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if built, err = build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer built.remove()
	return m.Run()
}

func TestPagesAreUpToDate(t *testing.T) {
	made, err := pages(built)
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join(root, "docs")
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("docs/%s is out of date: run `make docs` and commit the result (-docs +program):\n%s", name, diff)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(docs, "pictures", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range pictures {
		if made["pictures/"+filepath.Base(picture)] == "" {
			t.Errorf("%s belongs to no ready lab", picture)
		}
	}
}

func TestIntroduction(t *testing.T) {
	about, try := introduction([]byte(`# One line,
# and another.
#
#   a ── b
#
# A second paragraph.
# Try:  pseudowan ps
#       pseudowan down   # all gone
#
# A third one.
name: x
# not this
`))
	if want := "One line,\nand another.\n\nA second paragraph.\n\nA third one."; about != want {
		t.Errorf("about %q, want %q", about, want)
	}
	if want := "sudo pseudowan ps\nsudo pseudowan down   # all gone\n"; try != want {
		t.Errorf("try %q, want %q", try, want)
	}
}

// Every link of the pages leads to an existing file and heading.
func TestLinks(t *testing.T) {
	var pages []string
	for _, dir := range []string{"", "docs", "docs/labs"} {
		found, err := filepath.Glob(filepath.Join(root, dir, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range found {
			pages = append(pages, filepath.Join(dir, filepath.Base(page)))
		}
	}
	checked := 0
	for _, page := range pages {
		for _, target := range links(read(t, page)) {
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			checked++
			file, heading, _ := strings.Cut(target, "#")
			path := page
			if file != "" {
				path = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: link to %s: %v", page, target, err)
			} else if heading != "" && !headings(read(t, path))[heading] {
				t.Errorf("%s: link to %s: no such heading", page, target)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links seen", checked)
	}
}

// Every page is in the list of pages.
func TestEveryPageIsListed(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	list := read(t, "docs/README.md")
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(list, "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// links returns the targets of [text](target).
func links(text string) []string {
	var targets []string
	for _, after := range strings.Split(text, "](")[1:] {
		target, _, _ := strings.Cut(after, ")")
		targets = append(targets, target)
	}
	return targets
}

// headings returns the link targets of a page, as Markdown viewers make them.
func headings(text string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			title := strings.TrimSpace(strings.TrimLeft(line, "#"))
			found[anchor(strings.ReplaceAll(title, " ", "-"))] = true
		}
	}
	return found
}
