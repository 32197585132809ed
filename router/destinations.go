package router

import (
	"context"
	"net/netip"
	"slices"
)

// Destinations are what decides in a router whether a packet from a host has a route.
type Destinations struct {
	// VRFs are the prefixes that the wanted flows of each VRF name, by the VRF's name,
	// also of one that has none: what is in none of them has no route.
	VRFs map[string][]netip.Prefix `json:"vrfs"`

	// Hosts are the VRFs whose ports the hosts are at, by the host's name. Those on
	// segments are not among them.
	Hosts map[string][]string `json:"hosts"`
}

// Destinations returns where packets from hosts have routes. An agent of an older version
// cannot, or knows no hosts.
func (c *Client) Destinations(ctx context.Context) (Destinations, error) {
	return get[Destinations](ctx, c, "destinations")
}

func (l *loop) destinations() Destinations {
	d := Destinations{VRFs: map[string][]netip.Prefix{}, Hosts: map[string][]string{}}
	for _, v := range l.vrfs.VRFs() {
		d.VRFs[v.Name] = []netip.Prefix{}
	}
	for key := range l.fib.Routes() {
		if v := l.vrfs.ByID(key.VRF); v != nil {
			d.VRFs[v.Name] = append(d.VRFs[v.Name], key.Prefix)
		}
	}
	for _, a := range l.cfg.Access {
		if !a.Segment && !a.Router && !slices.Contains(d.Hosts[a.Host], a.VRF) {
			d.Hosts[a.Host] = append(d.Hosts[a.Host], a.VRF)
		}
	}
	return d
}
