// Package collector is a BMP monitoring station (RFC 7854, RFC 8671, RFC 9069):
// routers connect to it and report their BGP sessions and routes, and it answers
// over HTTP what it has been told, in the form of OpenBMP's REST interface.
//
// A [Collector] keeps, within bounds, the routers that have ever connected, and the
// peers and routes of those that are connected. It believes nothing: a message that
// cannot be read ends the connection of its sender and nothing else.
//
// It owns what routers have said (Table), its REST form, and the client that reads
// it. GoBGP's BMP codec is confined to codec.go. It must not know labs, sessions of
// this project's own routers, or how a table looks on a terminal.
package collector
