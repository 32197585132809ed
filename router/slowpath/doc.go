// Package slowpath decides what a router does with the packets that its
// forwarding plane hands up: it answers for the gateway addresses (ARP,
// neighbour discovery, router advertisements, ping), sends the ICMP errors,
// fragments what is too long, and reports what it saw of the neighbours.
//
// It is pure: frame in, frames out. It contains no OS calls, goroutines, clocks,
// OpenFlow or neighbour table: time is passed in, and frames, evidence and
// requests to resolve go back to the caller.
//
// Frames are untagged Ethernet II frames without frame check sequence. A frame
// that came with labels is handed in after the last pop, except one that a label-switched
// path does not take further.
package slowpath
