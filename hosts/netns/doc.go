// Package netns is the runtime whose hosts are network namespaces of the
// server: they have the server's programs, and a directory for what they have
// to themselves (hosts.Homes). It starts a host's own command and records how
// that ended.
//
// It must not contain what routers need, too: that is in package hosts.
package netns
