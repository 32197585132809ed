// Package transport is a router's part in the core: its links to other routers,
// the next hops on them, the labels that packets leave with, and what fits. It
// is all of a router that serves no customer.
//
// It knows nothing of VRFs, hosts or BGP sessions: others name the next hops
// that they use, and hear which of them changed.
package transport
