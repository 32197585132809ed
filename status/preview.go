package status

import "net/netip"

// Preview is what `up` would do with a file.
type Preview struct {
	Lab         string        `json:"lab"`
	Running     bool          `json:"running"`     // false: up would start it
	Undoes      []string      `json:"undoes"`      // changes made while the lab ran that the file takes back
	Reach       []ReachChange `json:"reach"`       // what hosts will reach, and no longer, by the intent
	Routes      []RouteChange `json:"routes"`      // what routers will announce to others, and no longer
	Unaffected  []string      `json:"unaffected"`  // VRFs in which all stays as it is
	Nodes       []string      `json:"nodes"`       // what is added, changed, removed and repaired
	Differences []string      `json:"differences"` // between the running lab and the file, a part each
}

// ReachChange is a pair of hosts that packets will pass, or no longer.
type ReachChange struct {
	VRF       string       `json:"vrf"` // of the host that sends; several are joined by commas
	From      string       `json:"from"`
	To        string       `json:"to"`
	Addresses []netip.Addr `json:"addresses"` // of the other host; empty if it is about all that there are
	Gained    bool         `json:"gained"`    // false: lost
}

// RouteChange is a route that a router announces in the VPN, or withdraws.
type RouteChange struct {
	Router    string       `json:"router"`
	VRF       string       `json:"vrf"` // that it is announced from
	Prefix    netip.Prefix `json:"prefix"`
	Announced bool         `json:"announced"` // false: withdrawn
}

// Nothing reports whether there is nothing to do.
func (p Preview) Nothing() bool { return p.Running && len(p.Nodes) == 0 && len(p.Differences) == 0 }
