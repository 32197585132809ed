package show

import (
	"errors"
	"io"
	"strings"

	"pseudowan/status"
)

// window is how many rows a table waits for to choose the widths of its columns. If a later
// cell is wider, its column is from then on.
const window = 256

// document prints rows as they come.
type document[T any] struct {
	add func(rows []T) error
	end func() error
}

// cut ends a part of a list in YAML, where whole lines are a document wherever they end:
// no parser takes it.
const cut = "\n] # the rows above are incomplete\n"

// emitRows prints rows as they come in the format of o. What is incomplete is no document
// in JSON or YAML, so that nobody takes it for a whole one.
func emitRows[T any](o Output, rows status.Rows[T], table, list func() document[T]) error {
	var d document[T]
	switch o.Format {
	case Table, Wide, "":
		d = table()
	case JSON, YAML:
		d = list()
	default:
		_, err := ParseFormat(string(o.Format))
		return err
	}
	began := false
	err := rows(func(block []T) error {
		began = true
		return d.add(block)
	})
	broken := errors.Is(err, status.ErrIncomplete)
	switch {
	case err != nil && !began, broken && o.Format == JSON:
		return err
	case broken && o.Format == YAML:
		_, err2 := io.WriteString(o.W, cut)
		return errors.Join(err, err2)
	}
	return errors.Join(d.end(), err)
}

// eachSorted sorts the rows of each block; the blocks come in order.
func eachSorted[T any](rows status.Rows[T], compare func(a, b T) int) status.Rows[T] {
	return func(yield func([]T) error) error {
		return rows(func(block []T) error { return yield(sorted(block, compare)) })
	}
}

// all passes on rows that are all there.
func all[T any](rows []T) status.Rows[T] {
	return func(yield func([]T) error) error {
		if len(rows) == 0 {
			return nil
		}
		return yield(rows)
	}
}

// tableDocument is a table whose rows come in blocks.
type tableDocument[T any] struct {
	w       io.Writer
	size    func(T) int                                   // rows of the table
	begin   func(first []T) (intro string, columns *grid) // first are the rows of the window
	fill    func(g *grid, rows []T, before *T)            // before is the row before them; nil: none
	waiting []T
	waits   int
	grid    *grid
	last    *T
}

func one[T any](T) int { return 1 }

func tabular[T any](d tableDocument[T]) document[T] { return document[T]{d.add, d.end} }

func listed[T any](o Output) func() document[T] {
	return func() document[T] {
		d := &listDocument[T]{o: o}
		return document[T]{d.add, d.end}
	}
}

func (d *tableDocument[T]) add(rows []T) error {
	if d.grid == nil {
		d.waiting = append(d.waiting, rows...)
		for _, r := range rows {
			d.waits += d.size(r)
		}
		if d.waits < window {
			return nil
		}
		return d.start()
	}
	return d.print("", rows)
}

// start prints the head, and the rows of the window.
func (d *tableDocument[T]) start() error {
	intro := ""
	intro, d.grid = d.begin(d.waiting)
	rows := d.waiting
	d.waiting = nil
	return d.print(intro, rows)
}

func (d *tableDocument[T]) print(intro string, rows []T) error {
	d.fill(d.grid, rows, d.last)
	if n := len(rows); n > 0 {
		d.last = &rows[n-1]
	}
	_, err := io.WriteString(d.w, intro+d.grid.take())
	return err
}

func (d *tableDocument[T]) end() error {
	if d.grid != nil {
		return nil
	}
	return d.start()
}

// listDocument is a list in JSON or YAML whose items come in blocks.
type listDocument[T any] struct {
	o     Output
	began bool
}

func (d *listDocument[T]) add(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := items(d.o.Format, rows, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(d.o.W, between(d.o.Format, d.began)+text)
	d.began = true
	return err
}

func (d *listDocument[T]) end() error {
	_, err := io.WriteString(d.o.W, ending(d.o.Format, d.began))
	return err
}

// items are those of a list below depth keys, without what separates them from others.
func items[T any](f Format, rows []T, depth int) (string, error) {
	if f == YAML {
		var b strings.Builder
		err := writeYAML(&b, rows)
		return indented(b.String(), strings.Repeat("    ", depth)), err
	}
	b, err := encodeItems(rows, strings.Repeat("    ", depth))
	return string(b), err
}

// indented puts a margin before each line.
func indented(text, margin string) string {
	if margin == "" {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = margin + l
		}
	}
	return strings.Join(lines, "")
}

// between is what comes before items: the first ones, or others.
func between(f Format, others bool) string {
	switch {
	case f == YAML:
		return ""
	case others:
		return ",\n"
	}
	return "[\n"
}

// ending is what comes after the last item, if there are any.
func ending(f Format, any bool) string {
	switch {
	case !any:
		return "[]\n"
	case f == YAML:
		return ""
	}
	return "\n]\n"
}

// vrfDocument is the list of VRFs in JSON or YAML; their routes come in parts.
type vrfDocument struct {
	o      Output
	last   *status.VRF
	routes bool   // the last one has routes
	after  string // what follows these
}

func (d *vrfDocument) add(rows []status.VRF) error {
	var b strings.Builder
	for i := range rows {
		if !partOf(&rows[i], d.last) {
			if err := d.open(&b, rows[i]); err != nil {
				return err
			}
		}
		d.last = &rows[i]
		if len(rows[i].Routes) == 0 {
			continue
		}
		text, err := items(d.o.Format, rows[i].Routes, 1)
		if err != nil {
			return err
		}
		switch {
		case d.o.Format == YAML && !d.routes, d.o.Format == JSON && !d.routes:
			b.WriteString(map[Format]string{YAML: "\n", JSON: "[\n"}[d.o.Format])
		case d.o.Format == JSON:
			b.WriteString(",\n")
		}
		d.routes = true
		b.WriteString(text)
	}
	_, err := io.WriteString(d.o.W, b.String())
	return err
}

// partOf reports whether a row is the next part of the one before it.
func partOf(v, before *status.VRF) bool {
	return before != nil && v.Router == before.Router && v.VRF == before.VRF && v.RD == before.RD
}

// open begins a VRF, up to its routes.
func (d *vrfDocument) open(b *strings.Builder, v status.VRF) error {
	d.close(b)
	v.Routes = []status.Route{}
	text, err := items(d.o.Format, []status.VRF{v}, 0)
	if err != nil {
		return err
	}
	key, none := "\n    \"routes\": ", "[]"
	if d.o.Format == YAML {
		key, none = "\n  routes:", " []\n"
	}
	before, after, _ := strings.Cut(text, key+none)
	b.WriteString(between(d.o.Format, d.last != nil) + before + key)
	d.after, d.routes = after, false
	return nil
}

// close ends the VRF that is open.
func (d *vrfDocument) close(b *strings.Builder) {
	switch {
	case d.last == nil:
	case d.o.Format == YAML && d.routes:
		b.WriteString(d.after)
	case d.o.Format == YAML:
		b.WriteString(" []\n" + d.after)
	case d.routes:
		b.WriteString("\n    ]" + d.after)
	default:
		b.WriteString("[]" + d.after)
	}
}

func (d *vrfDocument) end() error {
	var b strings.Builder
	d.close(&b)
	b.WriteString(ending(d.o.Format, d.last != nil))
	_, err := io.WriteString(d.o.W, b.String())
	return err
}
