package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testName is a test that a page names.
var (
	testName = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	labLink  = regexp.MustCompile(`\[([a-z0-9-]+)\]\(`)
)

// labPages are the pages of docs/labs about one lab each, by the lab's name.
func labPages(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "labs", "*.md"))
	if err != nil || len(found) < 3 {
		t.Fatalf("%d pages of labs: %v", len(found), err)
	}
	pages := map[string]string{}
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		if name != "README" && name != "rows" {
			pages[name] = read(t, "docs/labs/"+name+".md")
		}
	}
	return pages
}

// allTests are the names of all tests of the module.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

func readyLabs(t *testing.T) map[string]bool {
	t.Helper()
	labs := map[string]bool{}
	for line := range strings.Lines(read(t, "docs/labs.md")) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			labs[strings.TrimSpace(name)] = true
		}
	}
	return labs
}

// The page of a lab has its picture, commands to try, and tests that exist.
func TestPagesOfLabs(t *testing.T) {
	labs, tests := readyLabs(t), allTests(t)
	for name, text := range labPages(t) {
		wrong := func(format string, args ...any) {
			t.Errorf("docs/labs/%s.md: %s", name, fmt.Sprintf(format, args...))
		}
		if !labs[name] {
			wrong("there is no ready lab of that name")
		}
		for _, part := range []string{"# " + name, "![" + name + "](../pictures/" + name + ".svg)", "\n## What it teaches\n", "\n## Try it\n", "\n## How it is tested\n", "$ sudo pseudowan "} {
			if !strings.Contains(text, part) {
				wrong("it has no %q", part)
			}
		}
		named := testName.FindAllStringSubmatch(text, -1)
		if len(named) == 0 {
			wrong("it names no test")
		}
		for _, m := range named {
			if !tests[m[1]] {
				wrong("there is no %s", m[1])
			}
		}
	}
}

// row is a line of the table of rows.
type row struct{ number, labs, test, how string }

func rowsOf(t *testing.T, text string) (rows []row) {
	t.Helper()
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "/"), " | ")
		if len(line) < 3 || line[0] != '|' || line[2] < '0' || line[2] > '9' {
			continue
		}
		if len(cells) != 6 {
			t.Errorf("docs/labs/rows.md: %d cells: %s", len(cells), line)
			continue
		}
		rows = append(rows, row{strings.TrimPrefix(cells[0], "| "), cells[3], cells[4], strings.TrimSuffix(cells[5], " |")})
	}
	return rows
}

// Each row of the documents names labs that have a page, and tests that exist; or it
// is open, and says what is missing.
func TestRowsOfTheDocuments(t *testing.T) {
	text := read(t, "docs/labs/rows.md")
	tests, pages, count, seen := allTests(t), labPages(t), map[string]int{}, map[string]bool{}
	for _, r := range rowsOf(t, text) {
		wrong := func(format string, args ...any) {
			t.Errorf("docs/labs/rows.md, row %s: %s", r.number, fmt.Sprintf(format, args...))
		}
		if seen[r.number] {
			wrong("it is there twice")
		}
		seen[r.number] = true
		if r.test == "open" || r.test == "reading" {
			count[r.test]++
			if r.test == "open" && (len(r.how) < 5 || r.labs != "–") {
				wrong("it is open, and does not say what is missing")
			}
			continue
		}
		count["true"]++
		named := testName.FindAllStringSubmatch(r.test, -1)
		if len(named) == 0 {
			wrong("it names no test")
		}
		for _, m := range named {
			if !tests[m[1]] {
				wrong("there is no %s", m[1])
			}
		}
		for _, m := range labLink.FindAllStringSubmatch(r.labs, -1) {
			if pages[m[1]] == "" {
				wrong("lab %s has no page", m[1])
			}
		}
	}
	sum := fmt.Sprintf("Of %d rows %d are true, %d are open and %d are reading.", len(seen), count["true"], count["open"], count["reading"])
	if !strings.Contains(text, sum) || len(seen) != 108 {
		t.Errorf("docs/labs/rows.md does not say: %s", sum)
	}
	gaps := map[string]int{}
	for number := range seen {
		document, _, _ := strings.Cut(number, ".")
		gaps[document]++
	}
	for _, document := range slices.Sorted(maps.Keys(gaps)) {
		for i := range gaps[document] {
			if number := fmt.Sprintf("%s.%d", document, i+1); !seen[number] {
				t.Errorf("docs/labs/rows.md has no row %s", number)
			}
		}
	}
}
