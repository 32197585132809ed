package config

import (
	"net/netip"
	"time"

	"pseudowan/bgp/vpn"
)

// Transport is what a router needs to reach the loopbacks of others, and to be reached at
// its own, through label-switched paths.
type Transport struct {
	Port      uint32       `json:"port"` // of the bridge; it owns the addresses
	Name      string       `json:"name"`
	MAC       string       `json:"mac"`
	Addresses []netip.Addr `json:"addresses"` // of the router itself, on no link

	ExplicitNull bool `json:"explicit_null,omitempty"` // packets come with a label to the very end (RFC 4182)
	Pipe         bool `json:"pipe,omitempty"`          // the core is one hop to packets (RFC 3443)

	Tracking *Tracking `json:"uplink_tracking,omitempty"` // nil: customers' ports do not depend on the core

	Labels []vpn.Binding `json:"labels"` // those that the plan has assigned to the loopbacks of others
	Expect []Loopback    `json:"expect"` // those to which there must be a path before the router has converged
}

// Tracking has the ports of customers be down while the router is cut off from the core: while
// there is no path to any loopback but those of Inner.
type Tracking struct {
	Delay time.Duration `json:"delay"`           // for which the core is back before the ports are
	Inner []netip.Addr  `json:"inner,omitempty"` // of routers that lead to customers only by way of others
}

// TrackedGroup is the group (ip link) of the ports that are down because the router is cut off
// from the core: who else would set them up leaves them to the router. It is "pw", hexadecimal.
const TrackedGroup = 0x7077

// Loopback is an address of another router.
type Loopback struct {
	Router  string     `json:"router"`
	Address netip.Addr `json:"address"`
}

// LoopbackInterface is the interface of sessions that run between loopbacks.
const LoopbackInterface = "lo"

// LoopbackLabel is the key of the label for a router's loopback: no VRF has its name.
func LoopbackLabel(to netip.Prefix) vpn.LabelKey {
	return vpn.LabelKey{Kind: vpn.LabelPrefix, Family: vpn.FamilyOf(to), Prefix: to}
}
