// Package openflow is a small OpenFlow 1.3 controller connection over a unix
// socket: packets in and out, meters and statistics of one Open vSwitch bridge
// (OpenFlow Switch Specification 1.3.5).
//
// It owns the wire format and the connection. It must not contain flows or the
// meaning of registers, and it starts no processes. Flow modifications are not
// here: ovs-ofctl is fast enough for them and parses every match and action.
package openflow
