// Package mplsecho is MPLS echo, with which label-switched paths are tested (RFC 8029, RFC
// 9570): its messages, the packets that carry them, and what a router answers.
//
// It is pure. It must not contain sockets, the tables of a router, or knowledge of a
// topology: a router says through Bindings what it knows of labels and FECs. What it reads
// comes from others, and is bounded by the packet.
package mplsecho
