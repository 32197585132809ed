// Package keeper is the life of a lab's own processes: the keeper, the one
// standing process of a lab, which supervises the routers, heals hosts whose
// container was restarted, gives lost names back and bounds the logs; and the
// agents of the routers, each of which guards the keeper in turn. It also starts
// and ends them.
//
// It must not contain what a router does, which is the router room's, nor
// anything that brings a lab up or down.
package keeper
