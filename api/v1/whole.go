package v1

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// verifyPatience is how long a packet of verify may take.
const verifyPatience = 10 * time.Second

// whole registers what concerns more than one router.
func (s server) whole(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/v1/nodes", tagLab, "Routers and hosts, as ps lists them"),
		func(ctx context.Context, _ *struct{}) (*list[status.Node], error) {
			return rows(look.Nodes(ctx, s.lab))
		})
	huma.Register(a, operation(http.MethodGet, "/v1/verify", tagLab, "The intended reachability, tested with packets"),
		func(ctx context.Context, q *pairs) (*list[status.HostPair], error) {
			return rows(look.Verify(ctx, look.VerifyOptions{Lab: s.lab, From: q.From, To: q.To, Timeout: verifyPatience, Step: func(string) {}}))
		})
	huma.Register(a, operation(http.MethodGet, "/v1/trace", tagLab, "The path of a packet by tables, flows and real packets"),
		func(ctx context.Context, q *packet) (*one[status.Trace], error) {
			return document(look.Trace(ctx, s.lab, q.Host, q.To))
		})
	huma.Register(a, operation(http.MethodGet, "/v1/explain", tagLab, "Why a prefix is in a VRF of a router, or why not"),
		func(ctx context.Context, q *why) (*one[status.Explanation], error) {
			prefix, err := netip.ParsePrefix(q.Prefix)
			if err != nil {
				return nil, huma.NewError(http.StatusUnprocessableEntity, "prefix "+q.Prefix+" is not a prefix such as 10.1.0.0/24")
			}
			return document(look.Explain(ctx, s.lab, q.Router, q.VRF, prefix.Masked()))
		})
	huma.Register(a, operation(http.MethodGet, "/v1/lsp/ping", tagLab, "MPLS echo to the end of a label-switched path"),
		func(ctx context.Context, q *path) (*one[status.LSPTest], error) {
			return document(look.LSPPing(ctx, q.options(s.lab)))
		})
	huma.Register(a, operation(http.MethodGet, "/v1/lsp/traceroute", tagLab, "MPLS echo to each router on a label-switched path"),
		func(ctx context.Context, q *path) (*one[status.LSPTest], error) {
			return document(look.LSPTraceroute(ctx, q.options(s.lab), mostHops))
		})
}

// path is a label-switched path that is to be tested.
type path struct {
	Router string `query:"router" required:"true" doc:"Router that sends the requests"`
	To     string `query:"to" required:"true" doc:"A router, or an address or prefix: a loopback or, with vrf, what a route of the VRF leads to"`
	VRF    string `query:"vrf" doc:"The VRF, by name or route distinguisher"`
}

// Those of the command's defaults, with one request.
const (
	echoPatience = 2 * time.Second
	mostHops     = 30
)

func (q path) options(lab string) look.LSPOptions {
	return look.LSPOptions{Lab: lab, Router: q.Router, To: q.To, VRF: q.VRF, Count: 1, Wait: echoPatience}
}

type pairs struct {
	From string `query:"from" doc:"Only packets of this host"`
	To   string `query:"to" doc:"Only packets to this host"`
}

type packet struct {
	Host string     `query:"host" required:"true" doc:"Host that sends it"`
	To   netip.Addr `query:"to" required:"true" doc:"Destination"`
}

type why struct {
	Router string `query:"router" required:"true" doc:"The router"`
	VRF    string `query:"vrf" required:"true" doc:"The VRF, by name or route distinguisher"`
	Prefix string `query:"prefix" required:"true" doc:"The prefix" example:"10.1.0.0/24"`
}
