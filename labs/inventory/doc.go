// Package inventory finds what exists of a lab on this server: namespaces and
// hosts by their marks, its own processes, namespaces without names, and
// containers whose daemon does not answer. It also opens the host runtimes and
// picks the lab that a command means.
//
// It must not change anything, nor know more about what a lab should be than the
// applied plan.
package inventory
