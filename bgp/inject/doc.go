// Package inject speaks BGP as a router that has many routes: generated ones, which
// resemble the Internet's table and follow from a seed, or those of a table dump (MRT,
// RFC 6396). It announces them to one peer, packed into few messages, at a rate, withdraws
// them, or both in turns.
//
// Table is the routes; Session is one BGP session over a connection that the caller has
// made; Run keeps one up and goes through a Pattern.
//
// It must not contain namespaces, interfaces or files of a lab, and never listens.
package inject
