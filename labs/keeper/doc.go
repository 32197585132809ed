// Package keeper contains a lab's own processes. A lab has one keeper, which
// supervises the agents of the routers, heals hosts whose container was restarted,
// recovers lost names, and limits the size of logs. The agents, in turn, guard the
// keeper.
//
// It must not contain what a router does, which belongs to the router room, nor
// anything that brings a lab up or down.
package keeper
