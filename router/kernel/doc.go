// Package kernel is the router's use of the network stack of its namespace: the
// carriers of its wires, and the addresses and neighbours of the links on which BGP
// runs.
//
// It is the only room of the router that speaks netlink. It decides nothing: what a
// carrier or a neighbour means for a route is decided by other rooms.
package kernel
