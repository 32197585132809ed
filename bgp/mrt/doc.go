// Package mrt encodes records of the MRT format (RFC 6396), BGP messages with their
// time (BGP4MP_ET) and tables (TABLE_DUMP_V2), and reads tables.
//
// The package is pure: it must not contain files, or knowledge of sessions.
package mrt
