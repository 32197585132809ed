// Package vrf is what makes a router a provider edge (RFC 4364): its VRFs, the
// routes in them, where those lead in the switch, and what other routers hear
// of them.
//
// Routes come from four sides: other routers (import), the hosts on access
// ports (connected), the configuration (static), and the routers of customers,
// which room ce brings in. Program turns what has changed into flows, Speak
// into announcements; neither runs before its turn, so that a packet never
// comes before its flow.
package vrf
