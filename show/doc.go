// Package show prints the tables of a lab: one function for each kind of row in
// status, as a table for people, or as JSON or YAML for scripts.
//
// It owns the order of rows and columns, widths, legends and colours. Rows may
// come in any order.
//
// It must not contain flags, ways to get rows, or questions to the operating
// system: the caller says where to write, and whether in colour.
package show
