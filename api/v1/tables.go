package v1

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// OfRouters selects rows of a table. Its name is exported as what embeds it reads it, too.
type OfRouters struct {
	Router string `query:"router" doc:"Only of this router"`
	VRF    string `query:"vrf" doc:"Only of this VRF, by name or route distinguisher"`
}

func (q OfRouters) filter() look.Filter {
	return look.Filter{Router: q.Router, Selection: status.Selection{VRF: q.VRF}}
}

// ofRoutes selects rows of a table of routes.
type ofRoutes struct {
	OfRouters
	Prefix string `query:"prefix" doc:"Only of this prefix" example:"10.1.0.0/24"`
	Longer bool   `query:"longer" doc:"Also of the prefixes inside it"`
}

func (q ofRoutes) filter() (look.Filter, error) {
	f := q.OfRouters.filter()
	f.Longer = q.Longer
	if q.Prefix == "" {
		return f, nil
	}
	p, err := netip.ParsePrefix(q.Prefix)
	if err != nil || p != p.Masked() {
		return f, huma.NewError(http.StatusUnprocessableEntity, "prefix "+q.Prefix+" is not a prefix such as 10.1.0.0/24")
	}
	f.Prefix = p
	return f, nil
}

// ofSession selects the routes of a session.
type ofSession struct {
	OfRouters
	Peer string           `path:"peer" doc:"Address of the peer, or the name of a node"`
	View status.RouteView `path:"view" enum:"received,accepted,advertised" doc:"Which routes"`
}

// tables registers the tables of the routers.
func (s server) tables(a huma.API) {
	table(a, s, "peers", "BGP sessions", (*look.Lab).Peers)
	table(a, s, "interfaces", "Ports with their addresses", (*look.Lab).Interfaces)
	table(a, s, "arp", "Neighbours, IPv4 (ARP) and IPv6 (ND)", (*look.Lab).Neighbors)
	table(a, s, "ports", "Packet and byte counters of the ports", (*look.Lab).Ports)
	table(a, s, "guards", "Port guards of hosts on segments", (*look.Lab).Guards)
	table(a, s, "stations", "BMP stations", (*look.Lab).Stations)
	table(a, s, "mrt", "MRT files", (*look.Lab).MRT)
	table(a, s, "lsps", "Label-switched paths to the routers' loopbacks, in a lab with core", (*look.Lab).LSPs)
	table(a, s, "core", "Links that label-switched paths use", (*look.Lab).CoreLinks)
	table(a, s, "bfd", "Sessions of BFD, which watch the paths to BGP peers", (*look.Lab).BFD)
	routes(a, s, "routes", "Routes by which routers forward, in VRFs and in a core", (*look.Lab).Routes)
	routes(a, s, "vrfs", "VRFs with their routes", (*look.Lab).VRFs)
	routes(a, s, "mpls", "Labels that routers advertise, and labels to push", (*look.Lab).MPLS)
	routes(a, s, "rib", "VPN routes of the BGP speakers, before import", (*look.Lab).RIB)
	routes(a, s, "flows", "Packet and byte counters of routes and incoming labels", func(l *look.Lab, ctx context.Context, f look.Filter) ([]status.Flow, error) {
		return l.Flows(ctx, f, false)
	})
	huma.Register(a, operation(http.MethodGet, "/v1/peers/{peer}/{view}", tagTables, "Routes of the BGP sessions with a peer"),
		func(ctx context.Context, q *ofSession) (*list[status.SessionRoute], error) {
			l, err := look.Open(ctx, s.lab)
			if err != nil {
				return nil, problem(err)
			}
			return rows(l.SessionRoutes(ctx, q.filter(), q.Peer, q.View))
		})
}

// table registers a table of the routers.
func table[T any](a huma.API, s server, name, summary string, read func(*look.Lab, context.Context, look.Filter) ([]T, error)) {
	huma.Register(a, operation(http.MethodGet, "/v1/"+name, tagTables, summary), func(ctx context.Context, q *OfRouters) (*list[T], error) {
		return readTable(ctx, s, q.filter(), read)
	})
}

// routes registers a table of routes.
func routes[T any](a huma.API, s server, name, summary string, read func(*look.Lab, context.Context, look.Filter) ([]T, error)) {
	huma.Register(a, operation(http.MethodGet, "/v1/"+name, tagTables, summary), func(ctx context.Context, q *ofRoutes) (*list[T], error) {
		f, err := q.filter()
		if err != nil {
			return nil, err
		}
		return readTable(ctx, s, f, read)
	})
}

func readTable[T any](ctx context.Context, s server, f look.Filter, read func(*look.Lab, context.Context, look.Filter) ([]T, error)) (*list[T], error) {
	l, err := look.Open(ctx, s.lab)
	if err != nil {
		return nil, problem(err)
	}
	return rows(read(l, ctx, f))
}
