// Package session owns the settings of a BGP session: one struct that the lab
// file's sessions, the router's configuration and the speaker's neighbors
// share, and one table of the knobs that adjust it. A new knob is a field and a
// row of the table here, and the code that acts on it: the file, its schema and
// its reference, the router and the comparison of running sessions follow.
//
// It must not contain who the peers are, sessions or anything that parses.
package session
