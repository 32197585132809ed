// Package router is the process that turns a network namespace into a router. It
// starts a private Open vSwitch and a BGP speaker, and connects them with the rooms
// below it, which decide what a router does:
//
//   - transport and access are its links to other routers and its ports to
//     hosts, vrf its VRFs, and ce its BGP with customers' routers;
//   - fib collects the flows that these rooms want; neighbor and slowpath know
//     where neighbours are and what to answer; kernel is the namespace's network
//     stack; meter limits the packets that come up;
//   - bfd watches the paths to BGP peers, and uplink whether there is any into the core;
//   - config is the router's configuration.
//
// One goroutine, the loop, owns the state of the rooms; drivers, timers and
// requests reach it as events and calls. A turn of the loop collects changes,
// then settles them once: first the tables, then the flows, then the
// announcements, which wait until the flows are in the switch. The agent works
// beside the loop: it starts and stops the parts, serves the socket, and accepts
// configurations; it owns the speakers of CEs.
//
// The package contains no OpenFlow or GoBGP details (rooms ovs and bgp), nor
// decisions about namespaces, wires or hosts, which are made before it starts.
package router
