package topology

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Redistribute is which connected networks become VPN routes.
type Redistribute string

// RedistributeHosts announces each known host as a /32 or /128,
// RedistributeSubnets the connected subnets.
const (
	RedistributeNone    Redistribute = "none"
	RedistributeHosts   Redistribute = "hosts"
	RedistributeSubnets Redistribute = "subnets"
)

// Prefixes returns the VPN routes for the connected networks of a port: one for
// each of the hosts' addresses, or the subnets of the gateways, or none. The prefix
// lengths of hosts are ignored.
func (r Redistribute) Prefixes(hosts, gateways []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	switch r {
	case RedistributeHosts:
		for _, p := range hosts {
			out = append(out, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
		}
	case RedistributeSubnets:
		for _, g := range gateways {
			out = append(out, g.Masked())
		}
	}
	return out
}

// LabelKeys returns the label keys of the routes of an attachment to the VRF: IPv4
// first, connected before static routes and aggregates. own is the host's addresses there.
// Connected routes that share a label have it even if they are not redistributed.
func (v VRF) LabelKeys(a Attachment, own []netip.Prefix) []vpn.LabelKey {
	connected := RedistributeSubnets.Prefixes(nil, a.Gateways)
	if v.LabelMode == vpn.PerPrefix {
		connected = v.RedistributeConnected.Prefixes(own, a.Gateways)
	}
	seen := make(map[vpn.LabelKey]bool)
	var out []vpn.LabelKey
	add := func(f vpn.Family, p netip.Prefix, nextHop netip.Addr) {
		key := v.LabelMode.KeyFor(v.Name, p, nextHop)
		if key.Family == f && !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		for _, p := range connected {
			add(f, p, netip.Addr{})
		}
		for _, s := range a.Statics {
			add(f, s.Prefix, s.NextHop)
		}
		for _, g := range v.Aggregates {
			add(f, g.Prefix, netip.Addr{})
		}
	}
	return out
}

// ZonedStatics returns the static routes with zone added to link-local next
// hops: each link may have the same ones.
func (a Attachment) ZonedStatics(zone string) []Static {
	out := slices.Clone(a.Statics)
	for i, s := range out {
		if s.NextHop.Is6() && s.NextHop.IsLinkLocalUnicast() {
			out[i].NextHop = s.NextHop.WithZone(zone)
		}
	}
	return out
}
