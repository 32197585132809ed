// Package gate judges what a BGP peer sends before a BGP implementation sees
// it: message headers and the order of messages (RFC 4271 section 6.1, RFC
// 6608), OPEN (section 6.2), UPDATE (RFC 7606), NOTIFICATION and ROUTE-REFRESH
// (RFC 2918). What is wrong is answered as these RFCs say: by a NOTIFICATION
// where the session cannot go on, by withdrawing the routes of the UPDATE, or by
// removing one attribute from it. Routes that have passed this router before are
// withdrawn, too. What passes is well-formed in everything that the receiver has
// to look at.
//
// A [Judge] keeps what the peer has announced (Adj-RIB-In) and applies the import
// policy to it. In the other direction an [Editor] keeps what the peer has been
// told (Adj-RIB-Out), applies the export policy, heeds well-known communities (RFC
// 1997), and has routes with equal attributes share messages.
//
// It owns the wire format and the words for NOTIFICATIONs. It is pure: it must
// not contain sockets, goroutines, a clock, or any BGP implementation.
package gate
