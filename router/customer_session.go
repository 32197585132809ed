package router

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
)

// ceIdentity is the part of a configuration that running sessions cannot
// change.
type ceIdentity struct {
	namespace string
	as        uint32
	id        netip.Addr
	vrf       uint32
	vrfName   string
	listen    string
}

func identityOf(cfg config.Router, vrf *config.VRF, c *config.CE) ceIdentity {
	return ceIdentity{c.Namespace, cfg.AS, cfg.RouterID, vrf.ID, vrf.Name, fmt.Sprint(listenAddressesOf(c))}
}

func listenAddressesOf(c *config.CE) []netip.Addr {
	var out []netip.Addr
	for _, s := range c.BGP.Sessions {
		out = append(out, s.LocalAddress)
	}
	return out
}

// speakerCE translates the sessions for the speaker.
func speakerCE(c *config.CE) []bgp.Neighbor {
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
