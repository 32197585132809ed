// Package ovsdb is the part of the OVSDB protocol (RFC 7047) that a switch needs
// at run time: transactions, and notification of changes. ovs-vsctl does the
// rest; it takes some milliseconds for each call and cannot wait for the changes
// of others.
//
// It must not contain the meaning of a database's rows.
package ovsdb
