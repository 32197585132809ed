package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
}

// row is a feature and what came of it.
type row struct {
	software string // "" where it is of no make: octets that the test sends itself
	version  string
	feature  string
	result   string
	test     string // package and test, without the feature
	chapter  chapter
}

// What a result may be, besides why a test was skipped.
const (
	success = "holds"
	failure = "**fails**"
)

// chapter is a part of the page.
type chapter int

const (
	routersChapter chapter = iota // software as a PE or CE, on the control plane
	packetsChapter                // packets through software that forwards
	attackChapter                 // what a peer may do without harm to others
)

// outcome is what became of one test.
type outcome struct {
	event
	parent   bool   // it has subtests
	version  string // of the software, where it tells
	lastLine string
	action   string
}

// report is what the page says.
type report struct {
	rows  []row
	cases []answered
}

// read makes a report of a test run.
func read(in io.Reader) (report, error) {
	all, order, err := outcomes(in)
	if err != nil {
		return report{}, err
	}
	r := report{cases: answer(all)}
	for _, name := range order {
		if row, ok := rowOf(all, all[name]); ok {
			r.rows = append(r.rows, row)
		}
	}
	return r, nil
}

// outcomes reads what became of each test, by package and name, in the order in
// which they began.
func outcomes(in io.Reader) (all map[string]*outcome, order []string, err error) {
	all = map[string]*outcome{}
	for d := json.NewDecoder(in); ; {
		var e event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("not the output of go test -json: %w", err)
		}
		if e.Test == "" {
			continue
		}
		_, pkg, _ := strings.Cut(e.Package, "/")
		key := pkg + "." + e.Test
		o := all[key]
		if o == nil {
			o = &outcome{event: e}
			all[key], order = o, append(order, key)
		}
		o.hear(e)
	}
	for key := range all {
		for i := strings.LastIndexByte(key, '/'); i > 0; i = strings.LastIndexByte(key[:i], '/') {
			if parent := all[key[:i]]; parent != nil {
				parent.parent = true
			}
		}
	}
	return all, order, nil
}

// hear takes an event of the test.
func (o *outcome) hear(e event) {
	switch e.Action {
	case "output":
		_, said, ok := strings.Cut(strings.TrimSpace(e.Output), ".go:")
		if !ok {
			return
		}
		if _, said, ok = strings.Cut(said, ": "); ok {
			o.lastLine = strings.TrimSpace(said)
			if v, ok := strings.CutPrefix(o.lastLine, "version: "); ok {
				o.version = v
			}
		}
	case "pass", "fail", "skip":
		o.action = e.Action
	}
}

// rowOf makes a row of a test that has no subtests; false where the page has
// none for it.
func rowOf(all map[string]*outcome, o *outcome) (row, bool) {
	_, pkg, _ := strings.Cut(o.Package, "/")
	known, isKnown := elsewhere[pkg+"."+o.Test]
	if isKnown {
		known.result, known.test = o.result(), pkg+"."+o.Test
		return known, true
	}
	root, feature, ok := cutLast(o.Test)
	if o.parent || !ok || pkg != "test/interop" {
		return row{}, false
	}
	r := row{feature: strings.ReplaceAll(feature, "_", " "), result: o.result(), test: pkg + "." + root}
	top, _, _ := strings.Cut(root, "/")
	r.chapter = chapters[top]
	for name := root; name != ""; name, _, _ = cutLast(name) {
		if p := all[pkg+"."+name]; p != nil && p.version != "" {
			r.software, r.version = splitVersion(p.version)
			break
		}
	}
	return r, true
}

// cutLast cuts a test's name before its last part.
func cutLast(test string) (root, last string, ok bool) {
	i := strings.LastIndexByte(test, '/')
	if i < 0 {
		return "", test, false
	}
	return test[:i], test[i+1:], true
}

// splitVersion cuts "FRR 8.4.4" where the version begins.
func splitVersion(s string) (name, version string) {
	for i := range s {
		if s[i] >= '0' && s[i] <= '9' && i > 0 && s[i-1] == ' ' {
			return s[:i-1], s[i:]
		}
	}
	return s, ""
}

func (o *outcome) result() string {
	switch o.action {
	case "pass":
		return success
	case "skip":
		return "not tested: " + o.lastLine
	}
	return failure
}
