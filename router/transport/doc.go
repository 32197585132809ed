// Package transport is a router's part in the core: its links to other routers, the
// next hops on them, the labels with which packets leave, and their MTU. A router
// without customers needs nothing else.
//
// It knows nothing about VRFs, hosts or BGP sessions: other rooms name the next hops
// that they use, and ask which of them have changed.
package transport
