// Package pipeline says in data how a provider edge router forwards: every
// port, incoming label, route and adjacency is a value, and its Flows method
// tells the OpenFlow flows that make it true.
//
// It is pure and knows numbers, MAC addresses and prefixes only. It must not
// contain anything that talks to a switch, BGP, allocation of numbers, or
// knowledge of a topology.
//
// # Tables
//
// A packet passes the tables in ascending order:
//
//	0  port       what arrives where: control traffic, labels, customers' packets
//	10 label      incoming labels: pop into a VRF, swap, drop
//	15 ttl        packets that die here are punted, before anything is rewritten
//	20 route      VRF and destination prefix, longest match
//	25 path       one of several equally good ways, by a hash of the flow
//	30 adjacency  rewrite MACs, decrement the TTL, push the label, output
//	40 punt       to the slow path, metered per customer port, else per VRF
//
// # Registers
//
//	metadata   the VRF, non-zero
//	reg1       the adjacency, non-zero; zero means: look the destination up
//	reg2       the label to push
//	reg3       why a packet is punted (Reason)
//	reg4       scratch: the IP precedence on its way into the label's TC
//	reg5       the group of paths to choose from
//	reg6[0]    the packet is larger than the MTU of its way out
//	reg7       which of the paths
//
// # Cookies
//
// A cookie names what a flow belongs to: see Cookie. Flows are deleted and
// counted by it.
package pipeline
