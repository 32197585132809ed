// Package verify judges whether a running lab does what its topology says. It knows
// which host must reach which address of which other host, through which hosts, and
// which it must not reach; it chooses the packets that test this, and interprets
// what happened to them.
//
// Apart from the Prober, which sends, it is pure. It must not contain namespaces,
// sockets, or how a router forwards: the caller finds out why a packet went astray.
package verify
