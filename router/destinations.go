package router

import (
	"context"
	"net/netip"
)

// Destinations returns the prefixes that the wanted flows of each VRF name, by the VRF's
// name: what is in none of them has no route. An agent of an older version cannot.
func (c *Client) Destinations(ctx context.Context) (map[string][]netip.Prefix, error) {
	return get[map[string][]netip.Prefix](ctx, c, "destinations")
}

func (l *loop) destinations() map[string][]netip.Prefix {
	all := map[string][]netip.Prefix{}
	for key := range l.fib.Routes() {
		if v := l.vrfs.ByID(key.VRF); v != nil {
			all[v.Name] = append(all[v.Name], key.Prefix)
		}
	}
	return all
}
