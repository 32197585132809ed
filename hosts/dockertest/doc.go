// Package dockertest owns the Docker daemons of tests: each has a directory, a
// socket and a containerd of its own, and no bridge or packet filter rules, so
// that the machine's own daemon is not affected.
//
// It must not contain anything about containers, nor what is tested.
package dockertest
