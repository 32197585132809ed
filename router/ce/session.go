package ce

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/access"
	"pseudowan/router/config"
)

// identity is the part of a configuration that a running speaker cannot change.
type identity struct {
	namespace string
	as        uint32
	id        netip.Addr
	vrf       uint32
	vrfName   string
	listen    string
}

func identityOf(cfg config.Router, p *access.Port) identity {
	return identity{p.CE.Namespace, speakerAS(cfg, p.CE), cfg.RouterID, p.VRFID, p.VRF, fmt.Sprint(listenAddresses(p.CE))}
}

// speakerAS is the AS in whose name the router speaks to a CE: in an internal session its
// own (RFC 6368).
func speakerAS(cfg config.Router, c *config.CE) uint32 {
	if c.BGP.IBGP {
		return c.BGP.AS
	}
	return cfg.AS
}

func listenAddresses(c *config.CE) []netip.Addr {
	var out []netip.Addr
	for _, s := range c.BGP.Sessions {
		out = append(out, s.LocalAddress)
	}
	return out
}

// neighbors translates the sessions for the speaker.
func neighbors(cfg config.Router, c *config.CE) []bgp.Neighbor {
	var out []bgp.Neighbor
	for _, s := range c.BGP.Sessions {
		settings := cfg.Settings(c.BGP.Settings)
		settings.Families = []vpn.Family{s.Family}
		n := bgp.Neighbor{
			Address: s.PeerAddress, LocalAddress: s.LocalAddress, AS: c.BGP.AS, Settings: settings,
			Client: c.BGP.IBGP, // routes of other sites are reflected to it
			Import: cfg.Import(settings.ImportPolicy), Export: cfg.Export(settings.ExportPolicy),
		}
		if settings.GracefulShutdown {
			n.Export = bgp.Draining(n.Export, cfg.AS, c.BGP.IBGP)
		}
		out = append(out, n)
	}
	return out
}
