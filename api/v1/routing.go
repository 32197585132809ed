package v1

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs"
	"pseudowan/topology/edit"
)

type addPolicy struct {
	Body struct {
		Name  string `json:"name" minLength:"1" doc:"Its name"`
		Terms []any  `json:"terms" doc:"Its terms, as in the topology file"`
	}
}

type setPolicy struct {
	Name string `path:"name" doc:"Its name"`
	Body []any  `doc:"Its terms, as in the topology file"`
}

type addPrefixList struct {
	Body struct {
		Name    string   `json:"name" minLength:"1" doc:"Its name"`
		Entries []string `json:"entries" doc:"Its entries, as in the topology file"`
	}
}

type setPrefixList struct {
	Name string   `path:"name" doc:"Its name"`
	Body []string `doc:"Its entries, as in the topology file"`
}

// OfProtocol names routes of a VRF. Its name is exported as what embeds it reads it, too.
type OfProtocol struct {
	Name     string `path:"name" doc:"Name of the VRF"`
	Protocol string `path:"protocol" enum:"connected,static" doc:"Which routes"`
}

type redistributeAdd struct {
	OfProtocol
	As string `query:"as" enum:"subnets,hosts" default:"subnets" doc:"Of connected networks: their subnets, or the known hosts"`
}

type addStation struct {
	Name string   `path:"name" doc:"Name of the router"`
	Body settings `doc:"Keys of a BMP station of the topology file with their values"`
}

type delStation struct {
	Name string `path:"name" doc:"Name of the router"`
	To   string `query:"to" required:"true" doc:"Address of the station" example:"10.0.0.9:5000"`
	VRF  string `query:"vrf" doc:"Its VRF, if there are several stations with that address"`
}

type addPeer struct {
	Body struct {
		Peer      string   `json:"peer" minLength:"1" doc:"A host, a router, or an address behind a NIC"`
		Router    string   `json:"router,omitempty" doc:"The router whose peer it is, if it is not the only one"`
		Interface string   `json:"interface,omitempty" doc:"The interface of the host or of the router, if there are several"`
		Settings  settings `json:"settings,omitempty" doc:"Keys of bgp: in the topology file with their values"`
	}
}

// OfPeer names a session. Its name is exported as what embeds it reads it, too.
type OfPeer struct {
	Peer      string `path:"peer" doc:"Address of the peer, or the name of a node"`
	Router    string `query:"router" doc:"The router whose peer it is, if it is not the only one"`
	Interface string `query:"interface" doc:"The interface of the host or of the router, if there are several"`
}

type setPeer struct {
	OfPeer
	Body settings `doc:"Keys of bgp: in the topology file with their values; null takes a key back"`
}

type clearPeer struct {
	Peer   string `path:"peer" doc:"Address of the peer, the name of a node, or all"`
	Router string `query:"router" doc:"Only of this router"`
	VRF    string `query:"vrf" doc:"Only in this VRF"`
	Soft   string `query:"soft" enum:"in,out,both" doc:"Without an end of the session: ask the peer for its routes, tell it all again, or both"`
}

// policyChanges registers changes of policies and prefix lists.
func (s server) policyChanges(a huma.API) {
	change(a, s, http.MethodPost, "/v1/policies", "Add a policy", func(q *addPolicy) (edit.Edit, error) {
		return edit.Edit{Op: edit.PolicyAdd, Name: q.Body.Name, Terms: q.Body.Terms}, nil
	})
	change(a, s, http.MethodPut, "/v1/policies/{name}", "Replace the terms of a policy", func(q *setPolicy) (edit.Edit, error) {
		return edit.Edit{Op: edit.PolicySet, Name: q.Name, Terms: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/policies/{name}", "Remove a policy that is not used", func(q *del) (edit.Edit, error) {
		return edit.Edit{Op: edit.PolicyDel, Name: q.Name}, nil
	})
	change(a, s, http.MethodPost, "/v1/prefix-lists", "Add a prefix list", func(q *addPrefixList) (edit.Edit, error) {
		return edit.Edit{Op: edit.PrefixListAdd, Name: q.Body.Name, Entries: q.Body.Entries}, nil
	})
	change(a, s, http.MethodPut, "/v1/prefix-lists/{name}", "Replace the entries of a prefix list", func(q *setPrefixList) (edit.Edit, error) {
		return edit.Edit{Op: edit.PrefixListSet, Name: q.Name, Entries: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/prefix-lists/{name}", "Remove a prefix list that is not used", func(q *del) (edit.Edit, error) {
		return edit.Edit{Op: edit.PrefixListDel, Name: q.Name}, nil
	})
}

// routingChanges registers changes of redistribution, BMP and maintenance.
func (s server) routingChanges(a huma.API) {
	change(a, s, http.MethodPatch, "/v1/routers/{name}", "Change settings of a router", func(q *setRouter) (edit.Edit, error) {
		return edit.Edit{Op: edit.RouterSet, Name: q.Name, Settings: map[string]any{"maintenance": q.Body.Maintenance}}, nil
	})
	change(a, s, http.MethodPut, "/v1/vrfs/{name}/redistribute/{protocol}", "Make connected or static routes of a VRF VPN routes", func(q *redistributeAdd) (edit.Edit, error) {
		e := edit.Edit{Op: edit.RedistributeAdd, Name: q.Name, Protocol: q.Protocol}
		if q.Protocol == "connected" {
			e.Settings = map[string]any{"connected": q.As}
		}
		return e, nil
	})
	change(a, s, http.MethodDelete, "/v1/vrfs/{name}/redistribute/{protocol}", "Make them VPN routes no longer", func(q *OfProtocol) (edit.Edit, error) {
		return edit.Edit{Op: edit.RedistributeDel, Name: q.Name, Protocol: q.Protocol}, nil
	})
	change(a, s, http.MethodPost, "/v1/routers/{name}/bmp", "Add a BMP station of a router", func(q *addStation) (edit.Edit, error) {
		return edit.Edit{Op: edit.BMPAdd, Name: q.Name, Settings: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/routers/{name}/bmp", "Remove a BMP station of a router", func(q *delStation) (edit.Edit, error) {
		e := edit.Edit{Op: edit.BMPDel, Name: q.Name, Settings: map[string]any{"to": q.To}}
		if q.VRF != "" {
			e.Settings["vrf"] = q.VRF
		}
		return e, nil
	})
}

// peerChanges registers changes and resets of BGP sessions.
func (s server) peerChanges(a huma.API) {
	change(a, s, http.MethodPost, "/v1/peers", "Add a BGP session", func(q *addPeer) (edit.Edit, error) {
		return edit.Edit{Op: edit.NeighborAdd, Name: q.Body.Peer, Router: q.Body.Router, Interface: q.Body.Interface, Settings: q.Body.Settings}, nil
	})
	change(a, s, http.MethodPatch, "/v1/peers/{peer}", "Change settings of a BGP session", func(q *setPeer) (edit.Edit, error) {
		return edit.Edit{Op: edit.NeighborSet, Name: q.Peer, Router: q.Router, Interface: q.Interface, Settings: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/peers/{peer}", "Remove a BGP session", func(q *OfPeer) (edit.Edit, error) {
		return edit.Edit{Op: edit.NeighborDel, Name: q.Peer, Router: q.Router, Interface: q.Interface}, nil
	})
	huma.Register(a, changeOperation(http.MethodPost, "/v1/peers/{peer}/clear", "Reset the BGP sessions with a peer"),
		func(ctx context.Context, q *clearPeer) (*one[labs.ClearReport], error) {
			o := labs.ClearOptions{Lab: s.lab, Router: q.Router, VRF: q.VRF, Peer: q.Peer, Soft: q.Soft, By: actor}
			if q.Peer == "all" {
				o.Peer = ""
			}
			return document(labs.Clear(ctx, o))
		})
}
