package status

import "net/netip"

// Echo is what came back of an echo request that a router has sent inside a VRF.
type Echo struct {
	TTL    int        `json:"ttl"`    // of the request
	Source netip.Addr `json:"source"` // of the request: an address of the router in the VRF
	From   netip.Addr `json:"from"`   // who has answered; "" if nobody has
	What   string     `json:"what"`   // why the request did not arrive; "" for the answer of the destination
	Millis float64    `json:"millis"` // milliseconds until the answer
}
