// Package ovs runs one private Open vSwitch in the current network namespace
// and keeps its one bridge as wanted: daemons, ports, flows, meters, packets in
// and out, statistics.
//
// It owns the run directory with everything in it, and the only socket there
// that speaks OpenFlow. It must not contain BGP, veths, the creation of
// namespaces, or knowledge of a topology: its callers use numbers, MAC addresses
// and prefixes. The flows are defined in package pipeline, the wire format in
// package openflow.
//
// The files of a run directory: conf.db, db.sock, br0.mgmt, one .pid and one
// .log for each daemon, and their control sockets. With OVS_RUNDIR set to the
// directory, plain ovs-vsctl, ovs-ofctl and ovs-appctl work on it.
package ovs
