package plan

import (
	"net/netip"

	"pseudowan/hosts"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// expectations gives each router the routes that must be there once the lab has
// converged.
func (b *planner) expectations() {
	origins := map[string]*origin{}
	for _, h := range b.topology.Hosts {
		origins[h.Name] = b.origin(h)
	}
	intent := b.topology.Intent()
	for _, r := range intent.Routes {
		first := r
		first.Origin = intent.FirstOrigin(r)
		if c := b.routers[r.Router]; c != nil && comesAbout(first, origins[first.Origin.Host]) {
			c.Expect = append(c.Expect, config.Expect{VRF: r.VRF, Prefix: r.Prefix, From: r.Origin.Router})
		}
	}
}

// origin is what a host contributes to the routes of its VRFs.
type origin struct {
	runs     bool                  // the lab starts a daemon in the host
	nobody   map[originatedAt]bool // static routes with a next hop that the user has to configure
	networks map[netip.Prefix]bool // that the host announces by BGP
}

// originatedAt is a route of an attachment.
type originatedAt struct {
	router, vrf string
	prefix      netip.Prefix
}

func (b *planner) origin(h topology.Host) *origin {
	o := &origin{runs: h.Runs(), nobody: map[originatedAt]bool{}, networks: map[netip.Prefix]bool{}}
	for _, a := range b.topology.AtRouters(h) {
		assigned := map[netip.Addr]bool{hosts.EUI64(linkLocal, HostMAC(b.topology.Name, h.Name, a)): true}
		for _, p := range HostAddresses(b.topology.Name, h.Name, a) {
			assigned[p.Addr()] = true
		}
		seen := map[netip.Prefix]bool{}
		for _, s := range a.Statics {
			if !seen[s.Prefix] && !assigned[s.NextHop] {
				o.nobody[originatedAt{a.Router, a.VRF, s.Prefix}] = true
			}
			seen[s.Prefix] = true
		}
	}
	for _, a := range h.Attachments {
		if a.BGP == nil {
			continue
		}
		for _, p := range a.BGP.Networks {
			o.networks[p] = true
		}
	}
	return o
}

// comesAbout reports whether a route of a host will appear without the user's help. A
// static route does not if its next hop is an address that the lab does not assign to
// the host, and a LAN that the host announces by BGP does only if the lab starts the
// host's daemon.
func comesAbout(r topology.ExpectedRoute, o *origin) bool {
	switch {
	case r.Origin.Host == "": // an aggregate is there once something more specific is; a default route always
		return r.Prefix.Bits() == 0
	case o == nil: // a segment's
		return true
	case o.nobody[originatedAt{r.Origin.Router, r.Origin.VRF, r.Prefix}]:
		return false
	}
	return o.runs || !o.networks[r.Prefix]
}

// linkLocal is the prefix of link-local addresses (RFC 4291 section 2.5.6).
var linkLocal = netip.MustParsePrefix("fe80::/64")
