// Package build makes the parts of a plan: wires, the network configuration of
// hosts, and the configuration of routers. It keeps what exists already. Both up
// and the keeper, which heals hosts, use it.
//
// It must not contain what a plan says, nor the order in which a lab comes up.
package build
