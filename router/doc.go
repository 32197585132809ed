// Package router is the process that makes one network namespace a router: it
// owns a private Open vSwitch and a BGP speaker, joins them with VRF tables,
// a neighbour table and the slow path, and tells what it knows on a unix
// socket.
//
// A customer that speaks BGP (files customer*.go) has a speaker of its own,
// whose TCP lives in a namespace behind a port of the switch: customers may
// have the same addresses and AS numbers.
//
// One goroutine (the reactor) owns all state; drivers, timers and API
// requests reach it as events. It must not contain OpenFlow or GoBGP details
// (rooms ovs and bgp), nor decisions about namespaces, wires or hosts, which
// are made before it starts.
package router
