// Package hosts owns what a lab needs of the operating system below its
// forwarding plane: network namespaces with our mark, wires (veth pairs), LAN
// segments, NICs of the server lent to a router, the network configuration
// inside a customer host, what a node that is a namespace has to itself, and the
// interface of the runtimes that customers' hosts run in. The runtimes are
// packages below.
//
// Everything it makes carries a mark: a namespace in the file of its name, under
// the mount, an interface in its alias, a container in its labels. The marks
// alone tell what is ours, with every file of a lab gone, and root inside a
// customer's host cannot change them to anybody's harm: of a wire, the router's
// end is enough. What has no mark of ours is never touched; a name that it has is an
// error.
//
// A namespace whose name somebody has deleted is found by its processes: by the
// alias of its lo, where no customer can have written that, and by the /run that
// the commands of hosts have to themselves. A netns host keeps customers'
// addresses and names apart, not customers from the server: root inside is root
// of the server, and can leave. For people who are not trusted there is Docker.
//
// Everything it does is a desired state: what exists is observed and compared,
// then added before it is removed; doing it twice changes nothing.
//
// It must not contain Open vSwitch bridges, flows, BGP, or the topology's
// vocabulary: callers say names, addresses and paths.
package hosts
