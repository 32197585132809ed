package v1

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// FromRouter says what a router sends. Its name is exported as what embeds it reads it, too.
type FromRouter struct {
	Router string     `query:"router" required:"true" doc:"The router"`
	VRF    string     `query:"vrf" doc:"The VRF, by name or route distinguisher, if the router has several"`
	To     netip.Addr `query:"to" required:"true" doc:"Destination"`
}

type pingQuery struct {
	FromRouter
	Count int `query:"count" minimum:"1" maximum:"100" default:"1" doc:"How many requests, one after another"`
	Size  int `query:"size" minimum:"0" maximum:"1400" default:"56" doc:"Octets of data"`
}

// options are those of Ping and Traceroute.
func (s server) options(q FromRouter) look.PingOptions {
	return look.PingOptions{Lab: s.lab, Router: q.Router, VRF: q.VRF, To: q.To, Wait: echoPatience}
}

func answerOf(ttl int, p look.Pong) status.Echo {
	return status.Echo{TTL: ttl, Source: p.Source, From: p.From, What: p.What, Millis: p.Millis}
}

// pings registers ping and traceroute from routers.
func (s server) pings(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/v1/ping", tagLab, "Answers to echo requests from a router inside a VRF", http.StatusUnprocessableEntity),
		func(ctx context.Context, q *pingQuery) (*list[status.Echo], error) {
			o := s.options(q.FromRouter)
			o.Count, o.Size = q.Count, q.Size
			var all []status.Echo
			err := look.Ping(ctx, o, func(_ int, p look.Pong) { all = append(all, answerOf(look.PingTTL, p)) })
			return rows(all, err)
		})
	huma.Register(a, operation(http.MethodGet, "/v1/traceroute", tagLab, "The hops of echo requests from a router inside a VRF", http.StatusUnprocessableEntity),
		func(ctx context.Context, q *FromRouter) (*list[status.Echo], error) {
			var all []status.Echo
			err := look.Traceroute(ctx, s.options(*q), mostHops, func(ttl int, p look.Pong) { all = append(all, answerOf(ttl, p)) })
			return rows(all, err)
		})
}
