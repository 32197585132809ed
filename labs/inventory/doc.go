// Package inventory finds what exists of a lab on this server: its namespaces
// and hosts by their marks, its own processes, what has lost its name, and the
// containers that cannot be seen. It also opens the runtimes that hosts can run
// in, and picks the lab that a command means.
//
// It only looks. It must not change anything, nor know what a lab should be
// beyond the plan that was applied.
package inventory
