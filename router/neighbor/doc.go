// Package neighbor is the table of a router's neighbours: which MAC address
// has an on-link IPv4 or IPv6 address, and whether it is still there. ARP and
// neighbour discovery share the state machine of RFC 4861 section 7.3.
//
// It is pure: time is passed in, and what is to be done comes back as actions.
// It must not contain packet formats, OS calls, goroutines, clocks, or
// knowledge of VRFs and routes.
//
// The forwarding plane uses neighbours without telling, so the state STALE,
// which waits for a packet, is passed over: a neighbour whose word has not been
// confirmed is DELAY, and is asked. The first question goes to its MAC alone,
// the next ones to everyone, so that a neighbour which changed its MAC in
// silence moves without an outage.
//
// Next hops of the configuration are wanted: they are asked for ever. Others
// come with the first packet or with what they say of themselves, and go when
// they stay silent. What a port can cost is bounded: in entries, in packets that
// wait, and in changes, as each change is one of the forwarding plane's flows.
package neighbor
