// Package labs owns a lab's life: it brings a topology up, changes a running lab
// to an edited topology, waits until the routers have converged, runs commands
// in nodes, and takes a lab down from its marks alone.
//
// The rooms below do the parts: plan says what must exist, store keeps it,
// inventory finds what exists, build and keeper make and maintain it, and look
// reads it. The package must not contain flag parsing, printing or table layout.
package labs
