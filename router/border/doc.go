// Package border makes a router an AS border router that exchanges VPN routes with those
// of other ASes (RFC 4364 section 10, option b): which routes it tells on, with labels of
// its own, and how it swaps these for the labels of the routers that it has them from.
//
// Each route has a label of its own, so that packets with it go where that route leads, and
// nowhere else. It knows neither VRFs nor hosts: what is announced by the router itself
// stands before what it tells on (see vrf.Speech).
package border
