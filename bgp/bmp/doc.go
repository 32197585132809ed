// Package bmp encodes the messages of the BGP Monitoring Protocol (RFC 7854) with
// its extensions for what peers are told (RFC 8671) and for local tables (RFC 9069).
//
// BGP messages are carried as they are, octet by octet, which is why no library
// that parses and encodes them again stands here. The package is pure: it must not
// contain connections, queues, or knowledge of sessions.
package bmp
