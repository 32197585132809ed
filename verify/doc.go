// Package verify owns the question whether a running lab does what its
// topology says: which host must reach which address of which other host, over
// which hosts, and which it must not; the packets that test it; and what their
// fate means.
//
// Apart from the Prober, which sends, it is pure. It must not contain
// namespaces, sockets, or how a router forwards: the caller finds out why a
// packet went astray.
package verify
