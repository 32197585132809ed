package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one problem in a lab file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1; 0: the file as a whole
	Column  int    `json:"column"`
	Element string `json:"element"` // what is wrong: "router pe1", "links[0].bgp"
	Message string `json:"message"` // what is wrong with it
	Remedy  string `json:"remedy"`  // what to do; may be empty
}

// String returns `file:line: element: message; remedy`.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	fmt.Fprintf(&b, ": %s: %s", p.Element, p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems is every problem of a lab file, in the order of its lines. It is the
// error of Parse for an invalid file.
type Problems []Problem

// Error returns one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// pos is a position in the file; the zero value is the file as a whole.
type pos struct{ line, column int }

// report collects problems while a file is read.
type report struct {
	file     string
	problems Problems
	warnings Problems
}

// refuse records a problem.
func (r *report) refuse(at pos, element, message, remedy string) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: at.line, Column: at.column,
		Element: element, Message: message, Remedy: remedy,
	})
}

// warn records what is allowed and cannot be meant.
func (r *report) warn(at pos, element, message, remedy string) {
	r.warnings = append(r.warnings, Problem{
		File: r.file, Line: at.line, Column: at.column,
		Element: element, Message: message, Remedy: remedy,
	})
}

// err returns what was refused, sorted and without repetitions, or nil.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems.sorted()
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(p, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}
