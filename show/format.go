package show

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Format is an output format.
type Format string

// The formats. Table and Wide, which has more columns, are for people; the columns
// may change between versions. The keys of JSON and YAML are a contract.
const (
	Table Format = "table"
	Wide  Format = "wide"
	JSON  Format = "json"
	YAML  Format = "yaml"
)

// Formats lists the formats, the default first.
func Formats() []Format { return []Format{Table, Wide, JSON, YAML} }

// ParseFormat reads the name of a format. The error names the choices.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("unknown output format %q: choose one of %s", s, strings.Join(names, ", "))
}

// Output is where rows are printed, and how.
type Output struct {
	W      io.Writer
	Format Format         // empty: Table
	Colour bool           // ANSI colours; tables only
	Zone   *time.Location // times in tables; nil: UTC
}

// emit prints rows in the format of o. It calls table for that format only.
func emit[T any](o Output, rows []T, table func() string) error {
	return emitOne(o, present(rows), table)
}

// emitOne prints one document.
func emitOne(o Output, document any, table func() string) error {
	switch o.Format {
	case Table, Wide, "":
		_, err := io.WriteString(o.W, table())
		return err
	case JSON:
		return writeJSON(o.W, document)
	case YAML:
		return writeYAML(o.W, document)
	}
	_, err := ParseFormat(string(o.Format))
	return err
}
