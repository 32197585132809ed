// Package neighbor is the table of a router's neighbours: which MAC address
// has an on-link IPv4 or IPv6 address, and whether it is still there. ARP and
// neighbour discovery share the state machine of RFC 4861 section 7.3.
//
// It is pure: time is passed in, and what is to be done comes back as actions.
// It must not contain packet formats, OS calls, goroutines, clocks, or
// knowledge of VRFs and routes.
//
// The forwarding plane does not report which neighbours it uses, so there is no
// state STALE, which waits for a packet: an unconfirmed neighbour is in DELAY,
// and is probed. The first probe goes to its MAC alone, the next ones to
// everyone, so that a neighbour that silently changed its MAC moves without an
// outage.
//
// Next hops of the configuration are wanted: they are probed for ever. Others
// come with the first packet or with their own announcement, and go when they
// stay silent. The cost of a port is bounded: in entries, in packets that wait,
// and in changes, since each changes flows of the forwarding plane.
package neighbor
