// Package random owns the making of random lab files for tests: routers, the
// core between them, VPNs whose addresses overlap, route targets that join some
// of them, both families. The same seed makes the same file, and every file is
// valid.
//
// It must not contain what a lab ought to do: that is the topology's intent.
package random
