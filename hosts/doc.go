// Package hosts owns what a lab needs of the operating system below its
// forwarding plane: network namespaces with our mark, wires (veth pairs), LAN
// segments, NICs of the server lent to a router, the network configuration
// inside a customer's host, the files that a node in a namespace has to itself,
// and the interface of the runtimes of customers' hosts. The runtimes are
// packages below.
//
// Everything it makes carries a mark: a namespace in the file of its name,
// under the mount; an interface in its alias; a container in its labels. The
// marks alone identify what is ours, even without any file of a lab. Root in a
// customer's host cannot do harm by changing them: the router's end of a wire
// is enough. What has no mark of ours is never touched; if it occupies a name
// that we need, that is an error.
//
// A namespace that has lost its name is found by its processes: by the alias of
// its lo, if no customer can have written that, and by the private /run of the
// commands of hosts. A netns host keeps customers' addresses and names apart,
// not customers from the server: root inside is root of the server, and can
// leave. Docker is for people who are not trusted.
//
// All of it works towards a desired state: it observes what exists, compares,
// and adds before it removes; a second run changes nothing.
//
// It must not contain Open vSwitch bridges, flows, BGP, or the topology's
// vocabulary: callers pass names, addresses and paths.
package hosts
