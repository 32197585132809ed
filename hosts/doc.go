// Package hosts owns what a lab needs of the operating system below its
// forwarding plane: network namespaces with our mark, wires (veth pairs), LAN
// segments, NICs of the server lent to a router, the network configuration
// inside a customer host, and the runtimes that customers' hosts run in.
//
// Everything it makes carries a mark inside the kernel object itself: the
// alias of lo in a namespace, the alias of an interface, the labels of a
// container. The marks alone tell what is ours, with every file gone. What has
// no mark of ours is never touched, and a name that is taken by such a thing
// is an error that says so.
//
// Everything it does is a desired state: what exists is observed and compared,
// then added before it is removed; doing it twice changes nothing.
//
// It must not contain Open vSwitch bridges, flows, BGP, or the topology's
// vocabulary: callers say names, addresses and paths.
package hosts
