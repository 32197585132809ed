// Package rawbgp is the little of BGP that the tests speak octet by octet: the
// frame of messages (RFC 4271 section 4.1). It must not contain what a message
// says, and imports nothing of this project: it would share the faults of what
// is tested.
package rawbgp
