package v1

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/hosts/impair"
	"pseudowan/labs"
)

// actor is who asks for what comes by the API, for events.
const actor = "API"

type actLink struct {
	Link   string          `path:"link" doc:"One of its ends, such as pe1:eth1, or a segment, for all of its links"`
	Action labs.LinkAction `path:"action" enum:"down,up" doc:"Cut it, or restore it"`
}

type impairLink struct {
	Link string `path:"link" doc:"One of its ends, such as pe1:eth1, or a segment, for all of its links"`
	Body struct {
		Loss  string `json:"loss,omitempty" doc:"Share of the packets that are lost" example:"5%"`
		Delay string `json:"delay,omitempty" doc:"Delay of each packet" example:"20ms"`
		Rate  string `json:"rate,omitempty" doc:"Bits per second" example:"10M"`
	}
}

type actNode struct {
	Name   string           `path:"name" doc:"A router or a host"`
	Action labs.PowerAction `path:"action" enum:"stop,start,restart,pause" doc:"Switch it off, on, or off and on, or freeze it until start"`
}

// nodeChanges registers what is done to links and nodes, which up undoes.
func (s server) nodeChanges(a huma.API) {
	link := func(ctx context.Context, o labs.LinkOptions) (*one[labs.LinkReport], error) {
		o.Lab, o.By = s.lab, actor
		return done(s.queue.Link(ctx, o))
	}
	huma.Register(a, changeOperation(http.MethodPost, "/v1/links/{link}/{action}", "Cut a link of the running lab, or restore it"),
		func(ctx context.Context, q *actLink) (*one[labs.LinkReport], error) {
			return link(ctx, labs.LinkOptions{Link: q.Link, Action: q.Action})
		})
	huma.Register(a, changeOperation(http.MethodPost, "/v1/links/{link}/impair", "Impair a link of the running lab, in both directions"),
		func(ctx context.Context, q *impairLink) (*one[labs.LinkReport], error) {
			m, err := impair.Parse(q.Body.Loss, q.Body.Delay, q.Body.Rate)
			if err == nil && m == (impair.Impairment{}) {
				return nil, huma.NewError(http.StatusUnprocessableEntity, "an impairment needs a loss, a delay or a rate")
			}
			if err != nil {
				return nil, huma.NewError(http.StatusUnprocessableEntity, err.Error())
			}
			return link(ctx, labs.LinkOptions{Link: q.Link, Action: labs.LinkImpair, Impair: m})
		})
	huma.Register(a, changeOperation(http.MethodPost, "/v1/nodes/{name}/{action}", "Stop, start, restart or pause a router or a host"),
		func(ctx context.Context, q *actNode) (*one[labs.PowerReport], error) {
			return done(s.queue.Power(ctx, labs.PowerOptions{Lab: s.lab, Node: q.Name, Action: q.Action, By: actor}))
		})
}
