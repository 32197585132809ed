// Package injection adds BGP speakers with many routes to running routers, and removes
// them: it makes their namespaces and wires, tells the router, and runs the speaker
// (bgp/inject) in a process of its own, which `down` and `up` end with the rest of what the
// file of the lab has not.
//
// It must not contain BGP, or change what the plan of a lab has.
package injection
