// Package dockertest owns the Docker daemons that tests make for themselves:
// with a directory, a socket and a containerd of their own, without a bridge and
// packet filter rules, so that a daemon that the machine's users have notices
// nothing.
//
// It must not contain anything of containers, nor what is tested.
package dockertest
