// Package openflowini reads OpenFlow.ini, the configuration of simpleRouter and of
// docker-pseudo-wan, and writes the lab file that does the same.
//
// It is pure. It must not contain what a lab file means, which is the topology
// room's.
package openflowini
