// Package plan turns a validated topology, and the numbers that a lab has given
// out before, into what must exist for it to run: namespaces, wires, MACs, port
// numbers, labels and the configuration of every router and host. It also says
// in words what one plan changes of another.
//
// It is pure: it reads nothing of the server and changes nothing. It must not
// contain how a plan is applied, stored or observed.
package plan
