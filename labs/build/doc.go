// Package build makes parts of a plan: wires, the network configuration of hosts
// and the configuration of routers. What exists already is kept. Both up and the
// keeper, which heals hosts, use it.
//
// It must not contain what a plan says, nor the order in which a lab comes up.
package build
