// Package pipeline is the forwarding plane of a provider edge router as data:
// every port, incoming label, route and adjacency is a value whose Flows method
// returns its OpenFlow flows.
//
// It is pure and knows only numbers, MAC addresses and prefixes. It must not
// contain I/O, BGP, allocation of numbers, or knowledge of a topology.
//
// # Tables
//
// A packet passes the tables in ascending order, except that one whose explicit null was
// popped has its next label admitted:
//
//	0  port       ingress port: control traffic, labels, customers' packets
//	5  admission  from which ports which labels may come
//	10 label      incoming labels: pop into a VRF, swap, drop
//	15 ttl        packets whose TTL ends here are punted, before any rewrite
//	20 route      VRF and destination prefix, longest match
//	25 path       one of several equal paths, by a hash of the flow
//	30 adjacency  rewrite MACs, decrement the TTL, push the label, output
//	35 way        the same for one of several equal ways of a label-switched path
//	40 punt       to the slow path, metered per customer port, else per VRF
//
// # Registers
//
//	metadata   the VRF, non-zero
//	reg1       the adjacency, non-zero; zero: look up the destination
//	reg2       the label to push
//	reg3       why a packet is punted (Reason)
//	reg4       scratch: the IP precedence on its way into the label's TC, and the
//	           TTL of a label on its way to what is under it
//	reg5       the group of paths
//	reg6[0]    the packet is larger than the MTU of its egress
//	reg6[1]    the packet's label is that of a route, which stays: that of a path goes around it
//	reg7       the path in the group, or the way of a label-switched path
//	reg8       the adjacency of the backup, with bit 31; zero: there is none
//	reg9       the label to push if the backup is taken; before table 20, the one that was
//	           popped, where MPLS echo is answered
//
// # Cookies
//
// A cookie names the owner of a flow: see Cookie. Flows are deleted and counted
// by it.
package pipeline
