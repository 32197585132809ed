// Package meter limits and counts the packets that may come up to the router's
// process. There are two meters for each access port, a third on a segment for what
// its hosts ask each other, one for what a VRF gets from
// other routers, one for each core port, and one for the rest. A customer's VPN can
// exhaust only its own meters, on every router.
//
// Open vSwitch numbers up to 2^18 meters. Port numbers are below 2^16; VRFs with
// larger numbers share meters with others.
package meter
