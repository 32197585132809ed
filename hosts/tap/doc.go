// Package tap reads the frames that pass an interface in a network namespace, as they are
// on the wire, both those that arrive and those that leave. It needs nothing but a packet
// socket: when the process ends, nothing is left.
//
// It must not contain what frames mean, nor files: see package capture.
package tap
