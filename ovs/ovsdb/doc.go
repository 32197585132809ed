// Package ovsdb is the little of the OVSDB protocol (RFC 7047) that a switch
// needs at run time: transactions, and to hear of changes at once. ovs-vsctl
// does the rest; it needs some milliseconds for each call and cannot wait for
// what others do.
//
// It must not contain what the rows of a database mean.
package ovsdb
