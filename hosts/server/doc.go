// Package server owns what a lab changes in the server's own network, where its
// file asks for that: the server's end of a segment, with an address and forwarding
// (an uplink), the nftables table that masquerades and publishes ports, and NICs of
// the server that are ports of a segment.
//
// Nothing foreign is changed. What is made carries the mark of a lab: an interface in
// its alias, a table in its comment. Settings of the kernel that have to change are
// recorded before, in a file that survives a killed process, and restored when the
// last lab with an uplink goes. A NIC of the server stays where it is, with its
// addresses and routes: programs at its traffic control hooks join it to the segment.
//
// Forwarding is meant for uplinks only. Interfaces between which the server did not
// forward before are kept apart by rules, and so are the uplinks of labs.
//
// It must not contain the topology's vocabulary, nor anything inside a lab's
// namespaces but the port of a bridge.
package server
