// Package random makes random lab files for tests: routers, the core between them,
// VPNs with overlapping addresses, route targets that connect some of them, both
// families. The same seed makes the same file, and every file is valid. It also
// makes random edits of a lab, of every key of the format, after each of which the
// file is valid.
//
// It must not contain what a lab ought to do: that is the topology's intent.
package random
