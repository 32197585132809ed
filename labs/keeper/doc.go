// Package keeper contains a lab's own processes. The keeper, of which a lab has
// one, supervises the agents of the routers, heals hosts whose container was
// restarted, recovers lost names and limits the size of logs. Each agent guards
// the keeper in turn.
//
// It must not contain what a router does, which is the router room's, nor
// anything that brings a lab up or down.
package keeper
