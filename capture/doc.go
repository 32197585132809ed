// Package capture says what captured frames are: the labels, VRFs and hosts in them, in
// words for the terminal and as comments of pcapng files, and which of them a filter
// selects.
//
// It must not contain sockets, nor knowledge of how a lab is found: the names come from
// the caller.
package capture
