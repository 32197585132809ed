// Package openflow is a small OpenFlow 1.3 controller connection over a unix
// socket: changes of flows, packets in and out, meters and statistics of one Open
// vSwitch bridge (OpenFlow Switch Specification 1.3.5).
//
// It owns the wire format and the connection. It must not contain flows or the
// meaning of registers, and it starts no processes. Flows are written in the syntax
// of ovs-ofctl(8), of which it encodes what the pipeline uses, octet for octet as
// ovs-ofctl does; whatever else flows may have is refused.
package openflow
