// Package gate judges what a BGP peer sends before a BGP implementation sees it:
// message headers and the order of messages (RFC 4271 section 6.1, RFC 6608),
// OPEN (section 6.2), UPDATE (RFC 7606), NOTIFICATION and ROUTE-REFRESH (RFC
// 2918). Errors are handled as these RFCs say: by a NOTIFICATION if the session
// must end, by treating the UPDATE as a withdrawal, or by discarding one of its
// attributes. Routes that the receiver cannot be shown (they have passed this
// router before, or their label or RD is not one that it can use) withdraw what it
// knows of them, and are reported with the reason. What passes is well-formed in all
// parts that the receiver reads.
//
// It also covers what a receiver does differently from the RFCs: sessions without
// hold time (RFC 4271 section 4.4), and routes of a peer that has restarted (RFC 4724
// section 4.2).
//
// A [Judge] keeps what the peer has announced (Adj-RIB-In) and applies the import
// policy to it. In the other direction an [Editor] keeps what the peer has been
// sent (Adj-RIB-Out), applies the export policy, obeys well-known communities (RFC
// 1997), and packs routes with equal attributes into shared messages.
//
// What the receiver cannot do and its peers can, both do here: enhanced route refresh
// (RFC 7313), answered from the Adj-RIB-Out, and route target constraint (RFC 4684),
// which an Editor applies to what it knows. With add-path (RFC 7911), paths are told
// apart by their identifiers everywhere here, and an Editor chooses the best ones.
//
// It owns the wire format and the texts of NOTIFICATIONs. It is pure: it must not
// contain sockets, goroutines, a clock, or any BGP implementation.
package gate
