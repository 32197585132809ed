package config

import (
	"pseudowan/topology"
)

// CE is the router's side of the BGP sessions with a customer's router, the host
// on an access port. Its TCP lives in a namespace of its own, so that CEs with
// the same addresses never meet.
type CE struct {
	Namespace string               `json:"namespace"` // exists, and contains only Interface
	Interface string               `json:"interface"` // gets the gateway's addresses; has its MAC
	Port      uint32               `json:"port"`      // of the bridge: the other end of Interface
	Name      string               `json:"name"`      // of that port
	Awaited   bool                 `json:"awaited"`   // the router converges only once the sessions are up
	BGP       topology.CustomerBGP `json:"bgp"`
}

// AwaitedSessions returns how many sessions must come up before the router has
// converged. It is 0 if the host does not speak BGP.
func (c *CE) AwaitedSessions() int {
	if c == nil || !c.Awaited || c.BGP.Shutdown {
		return 0
	}
	return len(c.BGP.Sessions)
}
