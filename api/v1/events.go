package v1

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// since says how many earlier events are told first.
type since struct {
	Last int `query:"last" minimum:"-1" default:"0" doc:"First so many of those that have happened already; -1 for all that are kept"`
}

// events registers what tells what happens while it happens, until the client has gone
// or the lab is removed.
func (s server) events(a huma.API) {
	op := operation(http.MethodGet, "/v1/events", tagLab, "What happens, as server-sent events")
	sse.Register(a, op, map[string]any{"event": status.Event{}}, func(ctx context.Context, q *since, send sse.Sender) {
		// It ends with the client or the lab, and neither hears why.
		_ = look.Events(ctx, look.EventOptions{Lab: s.lab, Last: q.Last, Follow: true}, func(e status.Event) error { return send.Data(e) })
	})
}
