// Package meter limits how many packets may come up to the router's process, and
// counts them: two meters for each access port, one for what a VRF gets from
// other routers, one for each core port and one for the rest. A customer's VPN
// uses up its own, on whichever router.
//
// Open vSwitch numbers up to 2^18 meters. Ports are numbered below 2^16; VRFs
// beyond share meters with others.
package meter
