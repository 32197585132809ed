// Package doctor owns what a server has, what it lacks and what that costs: it
// judges the kernel, Open vSwitch, disks, limits, sysctls and NICs against what
// a lab needs.
//
// Looking (Observe) and judging (Judge) are apart: Judge is a pure function of
// what was seen. It must not contain repairs, knowledge of topologies, or the
// search for running labs: the caller passes the needs of a lab and the labs
// of the server.
package doctor
