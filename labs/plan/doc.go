// Package plan turns a validated topology, and the numbers that a lab has already
// assigned, into what must exist for the lab to run: namespaces, wires,
// MACs, port numbers, labels and the configuration of every router and host. It
// also compares plans.
//
// It is pure: it reads nothing from the server and changes nothing. It must not
// contain how a plan is applied or stored.
package plan
