// Package uplink determines whether a router is cut off from the core, so that its customers
// had better use another one: what vendors call uplink failure detection, link-state tracking
// or core isolation.
//
// It is pure: others tell it whether there are paths into the core, and set ports down and up.
package uplink
