package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Commands in the pages exist, and so do their flags.
func TestPagesShowCommands(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*.yml", "setup.sh", "packaging/*", "cmd/pseudowan/markdown.go"} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	seen := 0
	for _, page := range pages {
		if info, err := os.Stat(page); err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range shownCommands(string(text)) {
			seen++
			if problem := refused(strings.Fields(line)); problem != "" {
				t.Errorf("%s: %q: %s", page, line, problem)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d commands seen", seen)
	}
}

var (
	commandLine = regexp.MustCompile(`(?m)^\s*(?:- run: |\$ |run )?(?:sudo )?(?:\w+=\S+ )?pseudowan ([a-z][^#|<>\n]*)`)
	commandSpan = regexp.MustCompile("`(?:sudo )?pseudowan ([a-z][^`#|<>\n]*)`")
)

// shownCommands returns the command lines of a page without the program: those on
// lines of their own and those in backquotes.
func shownCommands(text string) []string {
	var lines []string
	prose := regexp.MustCompile(`(?m)^pseudowan (turns|runs|is|has) .*$`).ReplaceAllString(text, "")
	for _, pattern := range []*regexp.Regexp{commandLine, commandSpan} {
		for _, m := range pattern.FindAllStringSubmatch(prose, -1) {
			lines = append(lines, m[1])
		}
	}
	return lines
}

// refused returns what is wrong with a command line, or "". The arguments of a
// command are examples and are not checked.
func refused(words []string) string {
	found, rest, err := newRoot(streams{}).Find(words)
	if err != nil {
		return err.Error()
	}
	if i := slices.Index(rest, "--"); i >= 0 {
		rest = rest[:i]
	}
	rest = slices.DeleteFunc(rest, func(w string) bool { return w == "[flags]" })
	if err := found.ParseFlags(rest); err != nil {
		return err.Error()
	}
	if found.HasSubCommands() {
		if err := found.ValidateArgs(found.Flags().Args()); err != nil {
			return err.Error()
		}
	}
	return ""
}

func TestWrongCommandsOfPagesAreSeen(t *testing.T) {
	page := "```sh\nsudo pseudowan frobnicate x\n$ pseudowan up x --nope\n```\nSee `pseudowan show peers` and `pseudowan up LAB`.\n"
	var wrong []string
	for _, line := range shownCommands(page) {
		if refused(strings.Fields(line)) != "" {
			wrong = append(wrong, line)
		}
	}
	if want := []string{"frobnicate x", "up x --nope", "show peers"}; !slices.Equal(wrong, want) {
		t.Errorf("wrong are %q, want %q", wrong, want)
	}
}
