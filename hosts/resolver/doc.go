// Package resolver keeps the resolv.conf of a host that is a namespace: DNS servers and
// search domains come from router advertisements (RFC 8106), as the kernel passes them
// on, and from what a DHCP client of the host has left for it.
//
// It must not contain anything that answers DNS questions, nor a DHCP client.
package resolver
