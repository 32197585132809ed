// Package verify owns the question whether a running lab does what its
// topology says: which host must reach which address of which other host, by
// way of whom, and which must not; what packets have to be sent to find out;
// and what their fate means.
//
// It is pure but for the Prober, which sends. It must not contain namespaces,
// sockets, or how a router forwards: why a packet went astray is asked of the
// caller.
package verify
