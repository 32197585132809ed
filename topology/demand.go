package topology

import (
	"net/netip"

	"pseudowan/bgp/vpn"
)

// labelDemand counts the labels that the configured routes of each router
// need, by router.
func (b *builder) labelDemand() map[string]int {
	mode := make(map[vrfKey]VRF, len(b.lab.VRFs))
	for _, v := range b.lab.VRFs {
		mode[vrfKey{v.Router, v.Name}] = v
	}
	bindings := make(map[vrfKey]map[any]bool)
	for _, h := range b.lab.Hosts {
		for _, a := range h.Attachments {
			key := vrfKey{a.Router, a.VRF}
			if bindings[key] == nil {
				bindings[key] = make(map[any]bool)
			}
			for _, binding := range labelBindings(a, mode[key]) {
				bindings[key][binding] = true
			}
		}
	}
	need := make(map[string]int)
	for key, set := range bindings {
		need[key.router] += len(set)
	}
	return need
}

// labelBindings names what gets a label of its own among the routes of an
// attachment. In the modes that share labels, connected routes have one of each
// family that the router has an address of, whatever is redistributed.
func labelBindings(a Attachment, v VRF) []any {
	var out []any
	routes := gatewaySubnets(a)
	if v.LabelMode == PerPrefix {
		routes = connectedRoutes(a, v.RedistributeConnected)
		if a.SLAAC && a.RA != nil && v.RedistributeConnected == RedistributeHosts {
			routes = append(routes, a.RA.Prefix) // for the one address that the host will make
		}
	}
	for _, p := range routes {
		if v.LabelMode == PerPrefix {
			out = append(out, p)
		} else {
			out = append(out, vpn.FamilyOf(p))
		}
	}
	for _, s := range a.Statics {
		switch v.LabelMode {
		case PerPrefix:
			out = append(out, s.Prefix)
		case PerVRF:
			out = append(out, vpn.FamilyOf(s.Prefix))
		default:
			out = append(out, s.NextHop)
		}
	}
	return out
}

func gatewaySubnets(a Attachment) []netip.Prefix {
	var out []netip.Prefix
	for _, g := range a.Gateways {
		out = append(out, g.Masked())
	}
	return out
}

// connectedRoutes are the VPN routes that an attachment's connected networks
// become. Addresses that the host configures by itself are not known here.
func connectedRoutes(a Attachment, mode Redistribute) []netip.Prefix {
	var out []netip.Prefix
	switch mode {
	case RedistributeHosts:
		for _, p := range a.Addresses {
			out = append(out, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
		}
	case RedistributeSubnets:
		out = gatewaySubnets(a)
	}
	return out
}
