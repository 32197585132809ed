package router

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/topology"
)

// Customer is the router's side of the BGP sessions with the host on an access
// port. Its TCP lives in a namespace of its own, so that customers with the
// same addresses never meet.
type Customer struct {
	Namespace string               `json:"namespace"` // exists; holds nothing but Interface
	Interface string               `json:"interface"` // gets the gateway's addresses; has its MAC
	Port      uint32               `json:"port"`      // of the bridge: the other end of Interface
	Name      string               `json:"name"`      // of that port
	Awaited   bool                 `json:"awaited"`   // the router has not converged before the sessions are up
	BGP       topology.CustomerBGP `json:"bgp"`
}

// customerIdentity is the part of a configuration that running sessions cannot
// change.
type customerIdentity struct {
	namespace string
	as        uint32
	id        netip.Addr
	vrf       uint32
	vrfName   string
	listen    string
}

func identityOf(cfg Config, vrf *VRF, c *Customer) customerIdentity {
	return customerIdentity{c.Namespace, cfg.AS, cfg.RouterID, vrf.ID, vrf.Name, fmt.Sprint(c.listenAddresses())}
}

// AwaitedSessions is how many sessions must come up before the router has
// converged. There is none where the host does not speak BGP.
func (c *Customer) AwaitedSessions() int {
	if c == nil || !c.Awaited {
		return 0
	}
	return len(c.BGP.Sessions)
}

func (c *Customer) listenAddresses() []netip.Addr {
	var out []netip.Addr
	for _, s := range c.BGP.Sessions {
		out = append(out, s.LocalAddress)
	}
	return out
}

// neighbors translates the sessions for the speaker.
func (c *Customer) neighbors() []bgp.Neighbor {
	var out []bgp.Neighbor
	for _, s := range c.BGP.Sessions {
		out = append(out, bgp.Neighbor{
			Address: s.PeerAddress, LocalAddress: s.LocalAddress, AS: c.BGP.AS, Families: []vpn.Family{s.Family},
			HoldTime: c.BGP.HoldTime, Keepalive: c.BGP.Keepalive, ConnectRetry: c.BGP.ConnectRetry,
			Passive: c.BGP.Passive, Password: c.BGP.Password, MaxPrefixes: c.BGP.MaxPrefixes,
			AllowOwnAS: c.BGP.AllowOwnAS,
		})
	}
	return out
}
