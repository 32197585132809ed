// Package fib holds the flows that a router wants in its switch: routes,
// labels, adjacencies and groups of equally good paths, with their numbers.
//
// A Table collects changes. Take returns them as a Batch, which the caller commits to
// the switch concurrently with its own work, and ends with Done. The package does not
// decide where packets go, and neither waits nor opens anything.
package fib
