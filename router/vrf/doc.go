// Package vrf makes a router a provider edge (RFC 4364): it holds the VRFs, the
// routes in them, where these lead in the switch, and what is announced to other
// routers.
//
// Routes come from four sources: other routers (import), the hosts on access ports
// (connected), the configuration (static), and the routers of customers, whose routes
// room ce enters. Program turns changes into flows, Speak into announcements. Speak
// comes second, so that no packet arrives before its flow is in the switch.
package vrf
