package config

import (
	"net/netip"

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

	Labels []vpn.Binding `json:"labels"` // those that the plan has assigned to the loopbacks of others
	Expect []Loopback    `json:"expect"` // those to which there must be a path before the router has converged
}

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
