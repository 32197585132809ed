// Package guard makes a port drop what the host behind it must not send: router
// advertisements and redirects (RFC 6105), the addresses and MAC addresses of
// others, and what DHCP servers say. Its rules are in nftables, in the namespace of
// the ports, on which the hosts have no hands.
//
// Headers cannot be hidden behind IPv6 extension headers or in fragments: a first
// fragment without the whole chain of headers is dropped (RFC 7113), and without it
// nobody accepts the rest. Nor can packets be hidden behind several VLAN tags, or LLC
// and SNAP (CVE-2021-27853, CVE-2021-27861).
//
// It must not contain who is guarded, nor why.
package guard
