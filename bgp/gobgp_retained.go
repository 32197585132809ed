package bgp

import (
	"context"
	"errors"

	api "github.com/osrg/gobgp/v3/api"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// retained returns what the engine has kept of a peer that restarts. By itself
// it keeps all of it until the peer has sent an end of RIB for every family that
// it ever restarted with, whatever the peer says when it is back.
func (e *engine) retained(ctx context.Context, n Neighbor) (gate.Retained, error) {
	known, err := e.peer(ctx, n.Address)
	if err != nil || !known.awaited {
		return gate.Retained{}, err
	}
	kept := gate.Retained{Waits: true}
	for _, f := range n.Families {
		request := &api.ListPathRequest{TableType: api.TableType_ADJ_IN, Name: engineAddress(n.Address), Family: familyAPI(f)}
		err := e.server.ListPath(ctx, request, func(d *api.Destination) {
			for _, p := range d.GetPaths() {
				if r, err := nlriOf(p); err == nil && p.GetStale() {
					kept.Paths = append(kept.Paths, gate.Path{Family: gateFamilies[f], RD: r.RD.Bytes(), Prefix: r.Prefix, ID: p.GetIdentifier()})
				}
			}
		})
		if err != nil {
			return gate.Retained{}, err
		}
	}
	return kept, nil
}

// keptOf lists what the engine holds of a peer, before the import policy.
func (e *engine) keptOf(ctx context.Context, n Neighbor) (routes []Route, err error) {
	for _, f := range n.Families {
		request := &api.ListPathRequest{TableType: api.TableType_ADJ_IN, Name: engineAddress(n.Address), Family: familyAPI(f)}
		err = errors.Join(err, e.server.ListPath(ctx, request, func(d *api.Destination) {
			for _, p := range d.GetPaths() {
				r, bad := routeOf(p, e.as)
				if err = errors.Join(err, bad); bad == nil {
					routes = append(routes, r)
				}
			}
		}))
	}
	return routes, err
}

var gateFamilies = map[vpn.Family]gate.Family{vpn.IPv4: gate.IPv4, vpn.IPv6: gate.IPv6, vpn.VPNv4: gate.VPNv4, vpn.VPNv6: gate.VPNv6, vpn.LabeledIPv4: gate.LabeledIPv4, vpn.LabeledIPv6: gate.LabeledIPv6}
