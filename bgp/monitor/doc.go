// Package monitor tells others what the BGP sessions and tables of a router do:
// stations by the BGP Monitoring Protocol (RFC 7854, RFC 8671, RFC 9069), and files
// of a directory in MRT (RFC 6396).
//
// A [Hub] hears of sessions from the speakers, which must not wait: what a station
// does not take stays in a queue of limited length, and a station that is too slow
// loses its connection and begins anew with all tables. So does a station that
// connects later: it gets the tables of every session first, then what has happened
// since the moment in which it was put on the list.
//
// The package owns connections, queues and files. It must not contain the formats of
// BMP and BGP messages (bgp/bmp, bgp/gate), decisions about routes, or network
// namespaces: whoever configures a station gives the way to connect to it.
package monitor
