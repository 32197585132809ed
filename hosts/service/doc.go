// Package service runs the services of a host, in any runtime: it starts them in
// order, finds out when they are ready, keeps their output, restarts those that are
// to be restarted, and ends those that are no longer wanted.
//
// Each service has a supervisor, a process of the server that waits for it. A
// record, which the supervisor writes, says how the service fares; whoever asks
// reads it. The processes of a service carry its mark in their environment, so that
// also those that have left their parent are found.
//
// It must not contain what a runtime does: it enters hosts by hosts.Runtime.
package service
