// Package neighbor is the table of a router's neighbours: which MAC address has an
// on-link IPv4 or IPv6 address, and whether it still answers. ARP and neighbour
// discovery share the state machine of RFC 4861 section 7.3.
//
// It is pure: the caller passes in the time, and gets back actions. The package must
// not contain packet formats, OS calls, goroutines, clocks, or knowledge of VRFs and
// routes.
//
// The forwarding plane does not report which neighbours it uses, so there is no
// state STALE, which waits for a packet: an unconfirmed neighbour is in DELAY, and
// is probed. The first probe goes only to its MAC, the next ones to everyone, so
// that a neighbour that has silently changed its MAC moves without an outage.
//
// Next hops of the configuration are wanted: they are probed for ever. Others are
// added by the first packet to them or by their own announcement, and removed when
// they stay silent. A port's entries, waiting packets and changes are limited,
// since each change affects flows of the forwarding plane.
package neighbor
