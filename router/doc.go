// Package router is the process that makes one network namespace a router: it
// starts a private Open vSwitch and a BGP speaker, and joins them with the rooms
// below it, which say what a router does:
//
//   - transport and access are its links to other routers and its ports to
//     hosts, vrf its VRFs, and ce the BGP with customers' routers;
//   - fib collects the flows that all of them want, neighbor and slowpath know
//     who is where and what to answer, kernel and meter are the namespace's
//     network stack and the limits of what may come up;
//   - config is what it is told.
//
// One goroutine, the loop, owns the state of the rooms; drivers, timers and
// requests reach it as events and calls. A turn of the loop collects changes,
// then settles them once: first the tables, then the flows, then what others are
// told, which waits until the flows are in the switch. The agent is what stands
// beside the loop: it starts and stops the parts, serves the socket, and takes
// over configurations; the speakers of CEs are its own.
//
// The package contains no OpenFlow or GoBGP details (rooms ovs and bgp), nor
// decisions about namespaces, wires or hosts, which are made before it starts.
package router
