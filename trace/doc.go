// Package trace reads a running lab's tables: the path of a packet by the VRF tables
// and by Open vSwitch, where the two disagree, and why a prefix is in a VRF or is
// not.
//
// It works on a Snapshot of the routers' tables and asks an Asker what only switches
// and hosts know. It must not contain sockets, namespaces, or anything that changes
// a lab.
package trace
