// Package bfd is Bidirectional Forwarding Detection (RFC 5880) in asynchronous mode: over
// one hop (RFC 5881), and between loopbacks (RFC 5883). It says which peers can be reached
// over which path, within milliseconds.
//
// A Table is pure: the caller passes in packets and the time, and gets back packets and
// changes of state. A Runner gives it sockets and a clock. A Process is a Runner in a
// process of its own, so that a router that is busy does not look dead to its peers.
//
// The package must not contain BGP, routes or flows: what a change means is decided by
// others. Echo, demand mode and authentication are not implemented. A peer that asks for
// demand mode is sent packets nevertheless, which harms nobody.
package bfd
