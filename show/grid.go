package show

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// gap is the number of blanks between two columns.
const gap = 2

// grid is a table of text: a header, dashes below it, and rows whose columns are
// as wide as their widest cell. There may be titles between rows.
type grid struct {
	colour  bool
	columns []column
	rows    []row
	widths  []int // of the columns; nil before the head
}

// row is a title across all columns, or one cell for each column.
type row struct {
	title string
	cells []string
}

// column is one column of a grid.
type column struct {
	head  string
	right bool             // aligned to the right, as numbers are
	blank bool             // an empty cell stays empty; otherwise it becomes a dash
	paint func(string) ink // the colour of a cell, "" for none; nil: none
}

// ink is the ANSI parameter of a colour.
type ink string

const (
	red    ink = "31"
	green  ink = "32"
	yellow ink = "33"
)

func text(head string) column     { return column{head: head} }
func number(head string) column   { return column{head: head, right: true} }
func optional(head string) column { return column{head: head, blank: true} }

// state is a column of one word: green if it is good, yellow if it is one of
// the words for a change in progress, otherwise red.
func state[T ~string](head string, good T, changing ...T) column {
	return column{head: head, paint: func(s string) ink {
		switch {
		case T(s) == good:
			return green
		case slices.Contains(changing, T(s)):
			return yellow
		}
		return red
	}}
}

// add appends a row, one cell for each column.
func (g *grid) add(cells ...string) {
	for i := range cells {
		// With dashes, every row has the same number of words.
		if cells[i] == "" && !g.columns[i].blank {
			cells[i] = "-"
		}
	}
	g.rows = append(g.rows, row{cells: cells})
}

// section appends a title; the rows that follow belong to it.
func (g *grid) section(title string) { g.rows = append(g.rows, row{title: title}) }

// String prints the grid.
func (g *grid) String() string { return g.take() }

// take prints the rows that have been added since the last call, the first time below the
// head. Columns become wider if these rows need it, and never narrower.
func (g *grid) take() string {
	var b strings.Builder
	first := g.widths == nil
	g.widen()
	if first {
		heads := make([]string, len(g.columns))
		dashes := make([]string, len(g.columns))
		for i, c := range g.columns {
			heads[i] = c.head
			if c.head != "" {
				dashes[i] = strings.Repeat("-", g.widths[i])
			}
		}
		g.line(&b, heads, g.widths, false)
		g.line(&b, dashes, g.widths, false)
	}
	for _, r := range g.rows {
		if r.cells == nil {
			b.WriteString(r.title + "\n")
			continue
		}
		g.line(&b, r.cells, g.widths, g.colour)
	}
	g.rows = g.rows[:0]
	return b.String()
}

func (g *grid) widen() {
	if g.widths == nil {
		g.widths = make([]int, len(g.columns))
		for i, c := range g.columns {
			g.widths[i] = utf8.RuneCountInString(c.head)
		}
	}
	for _, r := range g.rows {
		for i, cell := range r.cells {
			g.widths[i] = max(g.widths[i], utf8.RuneCountInString(cell))
		}
	}
}

// line prints one row, without trailing blanks.
func (g *grid) line(b *strings.Builder, cells []string, widths []int, colour bool) {
	blanks := 0
	for i, cell := range cells {
		c := g.columns[i]
		pad := widths[i] - utf8.RuneCountInString(cell)
		if c.right {
			blanks, pad = blanks+pad, 0
		}
		if cell != "" {
			b.WriteString(strings.Repeat(" ", blanks))
			b.WriteString(c.coloured(cell, colour))
			blanks = 0
		} else {
			pad = widths[i]
		}
		blanks += pad + gap
	}
	b.WriteByte('\n')
}

// coloured wraps a cell in its colour. Widths are those of the bare text, as
// escape sequences take no room on the screen.
func (c column) coloured(cell string, colour bool) string {
	if !colour || c.paint == nil {
		return cell
	}
	ink := c.paint(cell)
	if ink == "" {
		return cell
	}
	return "\x1b[" + string(ink) + "m" + cell + "\x1b[0m"
}
