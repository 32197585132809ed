// Package catalog holds the ready labs that come with the program, as the
// lab files that a user would write.
//
// It must not contain anything but the files and their lookup: what a file
// means is the topology room's.
package catalog
