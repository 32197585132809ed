// Package kernel is the router's use of its network namespace's own stack: the
// carriers of its wires, and the addresses and neighbours of the links on which
// BGP runs.
//
// It is the one room of the router that speaks netlink. It decides nothing: what
// a carrier or a neighbour means for a route is for the other rooms to say.
package kernel
