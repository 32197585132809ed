package topology

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// atSite notes the site of the routes of an attachment.
func (p *policed) atSite(a HostAttachment) {
	if a.SoO.IsZero() {
		return
	}
	note := func(prefix netip.Prefix) {
		p.sites[localRoute{vrfKey{a.Router, a.VRF}, a.Host, prefix}] = a.SoO
	}
	for _, g := range a.Gateways {
		note(g.Masked())
	}
	for _, own := range a.Addresses {
		note(netip.PrefixFrom(own.Addr(), own.Addr().BitLen()))
	}
	for _, s := range a.Statics {
		note(s.Prefix)
	}
	for _, network := range a.networks() {
		note(network)
	}
}

// ofSite adds the site of a local route.
func (p *policed) ofSite(path policy.Path, r ExpectedRoute) policy.Path {
	if site, ok := p.sites[r.local()]; ok && !slices.Contains(path.Extended, site.Bytes()) {
		path.Extended = append(slices.Clip(path.Extended), site.Bytes())
	}
	return path
}

// suppressed reports whether an aggregate stands for a route towards a host.
func (p *policed) suppressed(a *Attachment, prefix netip.Prefix) bool {
	for _, i := range p.instance[a.Router] {
		if v := p.VRFs[i]; v.Name == a.VRF {
			return Suppressed(v.Aggregates, prefix)
		}
	}
	return false
}

// path is the AS path of the host's own networks.
func (c *CustomerBGP) path() vpn.ASPath {
	if c.IBGP {
		return nil
	}
	return vpn.Sequence(c.AS)
}
