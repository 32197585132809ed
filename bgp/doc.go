// Package bgp is a router's BGP: the speaker that exchanges labelled VPN routes
// with its peers (RFC 4364, RFC 4659), the VRF tables that import them by route
// target and choose the best path, and the allocator of the router's labels. A
// speaker may also face customers, with plain routes (RFC 4364 section 7).
//
// It owns sessions (configuration in, events out), path attributes, best path
// choice and label values. It must not contain flows, adjacencies, network
// namespaces, links or anything of OVS; it knows neither the topology nor a lab.
// [Tables] and [Labels] are pure and are used from one goroutine; [Speaker] may
// be used from any.
//
// GoBGP is the engine of the speaker. It is confined to the files gobgp*.go, and
// none of its types is exported. Its VRFs are unused, because they lose labels.
// It neither listens nor dials, because it waits one to two seconds before it
// dials, and binds before it listens: a speaker makes the TCP connections (files
// connect*.go) and delivers them to the engine.
//
// GoBGP's parser panics on some messages that a peer may send. A relay (files
// relay*.go) between each connection and GoBGP passes on only what bgp/gate has
// accepted and GoBGP's own parser has read once under recover. GoBGP has another
// connection, of bgp/inner, with the addresses of the real one. The relay also
// counts prefixes, answers malformed messages, and knows why a session ended. What
// GoBGP sends passes the gate, too. Import and export policies are applied there,
// and what a session has received and sent is kept there ([Speaker.PeerRoutes]). The
// engine knows nothing of route target constraint (RFC 4684): what each peer is asked
// for is decided in membership.go, between the gates of all sessions.
//
// # The gobgp command
//
// Every speaker serves GoBGP's gRPC API on a unix socket of mode 0600, so the
// stock command works. A path is added, listed and withdrawn by
//
//	gobgp --target unix:///PATH global rib add -a vpnv4 198.51.100.0/24 label 777 rd 65002:9 rt 65001:101
//	gobgp --target unix:///PATH global rib -a vpnv4
//	gobgp --target unix:///PATH global rib del -a vpnv4 198.51.100.0/24 label 777 rd 65002:9 rt 65001:101
//
// "nexthop ADDRESS" and "med N" may follow; without a next hop each peer receives
// the session's local address. VPNv6 is the same with -a vpnv6. The command
// expects 4-octet AS numbers in RD and RT as two halves: 64086.59904:1, where this
// project writes 4200000000:1.
package bgp
