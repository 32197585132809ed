// Package doctor finds what a server lacks for labs and what that costs: it judges
// the kernel, Open vSwitch, disks, limits, sysctls and NICs against the needs of a
// lab.
//
// Observation and judgement are separate: Judge is a pure function of what was
// observed. The package must not contain repairs, knowledge of topologies, or the
// search for running labs: the caller passes the needs of a lab and the labs of the
// server.
package doctor
