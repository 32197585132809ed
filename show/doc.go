// Package show prints the tables of a lab: one function for each kind of row
// in status, as a table for people, or as JSON or YAML for scripts.
//
// It owns the order of rows and columns, the widths, the legends and the
// colours. Rows may come in any order and are not changed.
//
// It must not contain state changes, flags, questions to the operating system
// or ways to get at the rows: it is told where to write and whether to colour.
package show
