// Package fib holds the flows that a router wants in its switch: routes,
// labels, adjacencies and groups of equally good paths, with their numbers.
//
// A Table collects changes. Take returns them as a Batch, which the caller
// commits to the switch beside its own work, and Done ends it. Nothing here
// decides where a packet goes, waits, or opens anything.
package fib
