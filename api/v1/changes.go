package v1

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// changePatience is how long a change waits for routers to do what is new.
const changePatience = 30 * time.Second

// changed is the answer to a change.
type changed = one[labs.ChangeReport]

// settings is a body with keys of the topology file.
type settings map[string]any

type named struct {
	Name     string   `json:"name" minLength:"1" doc:"Its name"`
	Settings settings `json:"settings" doc:"Keys of the topology file with their values"`
}

type add struct{ Body named }

type set struct {
	Name string   `path:"name" doc:"Its name"`
	Body settings `doc:"Keys of the topology file with their values; null takes a key back"`
}

type del struct {
	Name string `path:"name" doc:"Its name"`
}

type detach struct {
	Name      string `path:"name" doc:"Name of the host"`
	Interface string `path:"interface" doc:"What to detach"`
}

type move struct {
	Name      string `path:"name" doc:"Name of the host"`
	Interface string `path:"interface" doc:"What to move"`
	Body      settings
}

type addRoute struct {
	Body struct {
		VRF     string       `json:"vrf" minLength:"1" doc:"The VRF"`
		Prefix  netip.Prefix `json:"prefix" doc:"The destination"`
		NextHop netip.Addr   `json:"next_hop" doc:"Address on a subnet of a host in the VRF"`
		Router  string       `json:"router,omitempty" doc:"The router, if the next hop is on a subnet of several"`
	}
}

type delRoute struct {
	VRF    string `query:"vrf" required:"true" doc:"The VRF"`
	Prefix string `query:"prefix" required:"true" doc:"The destination" example:"10.1.0.0/24"`
	Router string `query:"router" doc:"Only of this router"`
}

type setRouter struct {
	Name string `path:"name" doc:"Its name"`
	Body struct {
		Maintenance bool `json:"maintenance" doc:"Whether others use it as the last resort"`
	}
}

type batch struct {
	Body struct {
		Edits []edit.Edit `json:"edits" minItems:"1" doc:"What to change, in this order; all or nothing"`
	}
}

// changes registers what changes the lab. Each is a twin of a command.
func (s server) changes(a huma.API) {
	s.networkChanges(a)
	s.policyChanges(a)
	s.routingChanges(a)
	s.peerChanges(a)
	s.nodeChanges(a)
	huma.Register(a, changeOperation(http.MethodPost, "/v1/changes", "Make several changes at once, all or nothing"),
		func(ctx context.Context, q *batch) (*changed, error) { return s.change(ctx, q.Body.Edits) })
}

// networkChanges registers changes of VRFs, routes, hosts and LANs.
func (s server) networkChanges(a huma.API) {
	change(a, s, http.MethodPost, "/v1/vrfs", "Add a VRF", func(q *add) (edit.Edit, error) {
		return edit.Edit{Op: edit.VRFAdd, Name: q.Body.Name, Settings: q.Body.Settings}, nil
	})
	change(a, s, http.MethodPatch, "/v1/vrfs/{name}", "Change settings of a VRF", func(q *set) (edit.Edit, error) {
		return edit.Edit{Op: edit.VRFSet, Name: q.Name, Settings: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/vrfs/{name}", "Remove a VRF without hosts", func(q *del) (edit.Edit, error) {
		return edit.Edit{Op: edit.VRFDel, Name: q.Name}, nil
	})
	change(a, s, http.MethodPost, "/v1/routes", "Add a static route of a VRF", func(q *addRoute) (edit.Edit, error) {
		return edit.Edit{Op: edit.RouteAdd, Name: q.Body.VRF, Prefix: q.Body.Prefix, NextHop: q.Body.NextHop, Router: q.Body.Router}, nil
	})
	change(a, s, http.MethodDelete, "/v1/routes", "Remove a static route of a VRF", func(q *delRoute) (edit.Edit, error) {
		p, err := netip.ParsePrefix(q.Prefix)
		if err != nil {
			return edit.Edit{}, huma.NewError(http.StatusUnprocessableEntity, "prefix "+q.Prefix+" is not a prefix such as 10.1.0.0/24")
		}
		return edit.Edit{Op: edit.RouteDel, Name: q.VRF, Prefix: p, Router: q.Router}, nil
	})
	change(a, s, http.MethodPost, "/v1/hosts", "Add a host", func(q *add) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostAdd, Name: q.Body.Name, Settings: q.Body.Settings}, nil
	})
	change(a, s, http.MethodDelete, "/v1/hosts/{name}", "Remove a host", func(q *del) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostDel, Name: q.Name}, nil
	})
	change(a, s, http.MethodPost, "/v1/hosts/{name}/attachments", "Give a host another interface", func(q *set) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostAttach, Name: q.Name, Settings: q.Body}, nil
	})
	change(a, s, http.MethodDelete, "/v1/hosts/{name}/attachments/{interface}", "Remove an interface of a host", func(q *detach) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostDetach, Name: q.Name, Interface: q.Interface}, nil
	})
	change(a, s, http.MethodPatch, "/v1/hosts/{name}/attachments/{interface}", "Move an interface of a host to another router, VRF or LAN", func(q *move) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostMove, Name: q.Name, Interface: q.Interface, Settings: q.Body}, nil
	})
	change(a, s, http.MethodPost, "/v1/lans", "Add a LAN of hosts, a segment of the topology file", func(q *add) (edit.Edit, error) {
		return edit.Edit{Op: edit.LANAdd, Name: q.Body.Name, Settings: q.Body.Settings}, nil
	})
	change(a, s, http.MethodDelete, "/v1/lans/{name}", "Remove a LAN without hosts", func(q *del) (edit.Edit, error) {
		return edit.Edit{Op: edit.LANDel, Name: q.Name}, nil
	})
}

func changeOperation(method, path, summary string) huma.Operation {
	op := operation(method, path, tagChanges, summary, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusGatewayTimeout)
	op.MaxBodyBytes = 8 << 20
	return op
}

// change registers a change that is one edit.
func change[Q any](a huma.API, s server, method, path, summary string, read func(*Q) (edit.Edit, error)) {
	huma.Register(a, changeOperation(method, path, summary), func(ctx context.Context, q *Q) (*changed, error) {
		e, err := read(q)
		if err != nil {
			return nil, err
		}
		return s.change(ctx, []edit.Edit{e})
	})
}

// change makes edits.
func (s server) change(ctx context.Context, edits []edit.Edit) (*changed, error) {
	return done(s.queue.Change(ctx, labs.ChangeOptions{Lab: s.lab, Edits: edits, Timeout: changePatience, By: actor}))
}

// done is the answer to what has changed the lab, or why nothing has.
func done[T any](report T, err error) (*one[T], error) {
	var (
		problems topology.Problems
		late     *labs.NotConvergedError
		unfit    *labs.StateError
	)
	switch {
	case err == nil:
		return &one[T]{report}, nil
	case errors.As(err, &problems):
		var details []error
		for _, p := range problems {
			details = append(details, detail(p))
		}
		return nil, huma.NewError(http.StatusUnprocessableEntity, err.Error(), details...)
	case errors.As(err, &late):
		return nil, huma.NewError(http.StatusGatewayTimeout, err.Error())
	case errors.As(err, &unfit):
		return nil, huma.NewError(http.StatusConflict, err.Error())
	}
	return nil, problem(err)
}

// detail tells a problem and its remedy, if there is one.
func detail(p topology.Problem) *huma.ErrorDetail {
	d := &huma.ErrorDetail{Message: p.Message, Location: p.Element}
	if p.Remedy != "" {
		d.Message += "; " + p.Remedy
	}
	return d
}
