// Package session owns the settings of a BGP session: one struct that the lab
// file's sessions, the router's configuration and the speaker's neighbors share,
// and one table of its knobs. A new knob is a field, a row of the table, and the
// code that acts on it: the file, its schema and its reference, the router and
// the comparison of running sessions follow.
//
// It must not contain peers, sessions or parsers.
package session
