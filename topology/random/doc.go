// Package random owns the making of random lab files for tests: routers, the
// core between them, VPNs whose addresses overlap, route targets that join some
// of them, both families. The same seed makes the same file, and every file is
// valid. It also owns the random edits of such a lab (Editable): of every key
// that the format has, each of which leaves the file valid.
//
// It must not contain what a lab ought to do: that is the topology's intent.
package random
