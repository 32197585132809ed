// Package bgp is a router's BGP: the speaker that exchanges labelled VPN
// routes with its peers (RFC 4364, RFC 4659), the VRF tables that import them
// by route target and choose the best path, and the allocator of the labels
// that the router gives out. A speaker may also be one towards customers, with
// plain routes (RFC 4364 section 7).
//
// It owns sessions (configuration in, events out), path attributes, best path
// choice and label values. It must not contain flows, adjacencies, network
// namespaces, links or anything of OVS; it neither knows the topology nor a
// lab. [Tables] and [Labels] are pure and are used from one goroutine;
// [Speaker] may be used from any.
//
// GoBGP is the engine of the speaker. It is confined to the files gobgp*.go,
// and none of its types is exported. Its VRFs are not used: they lose labels.
// It neither listens nor dials either: a speaker makes the TCP connections
// itself (files connect*.go) and hands them over, because GoBGP waits one to
// two seconds before it dials, and binds before it listens.
//
// GoBGP's parser panics at what a peer may send. Between each connection and
// GoBGP stands a relay (files relay*.go), which passes on what bgp/gate has
// judged and what GoBGP's own parser has read once under recover. GoBGP has
// another connection, of bgp/inner, with the addresses of the real one. The
// relay counts prefixes too, answers what is wrong, and knows why a session has
// ended.
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
// "nexthop ADDRESS" and "med N" may stand after the prefix's words; without a
// next hop each peer receives the session's local address. VPNv6 is the same
// with -a vpnv6. The command wants 4-octet AS numbers in RD and RT as two halves:
// 64086.59904:1, where this project writes 4200000000:1.
package bgp
