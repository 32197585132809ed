package v1

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"pseudowan/labs/look"
	"pseudowan/status"
)

// since says how many earlier events are told first.
type since struct {
	Last int `query:"last" minimum:"-1" default:"0" doc:"First so many of those that have happened already; -1 for all that are kept"`
}

// eventsBegin is the first line of the answer, a comment: from then on, nothing is missed.
const eventsBegin = ": what happens from now on follows\n\n"

type writerKey struct{}

// events registers what tells what happens while it happens, until the client has gone
// or the lab is removed.
func (s server) events(a huma.API) {
	op := operation(http.MethodGet, "/v1/events", tagLab, "What happens, as server-sent events")
	op.Description = "The answer begins with a comment line, once nothing that happens is missed any more. It ends when the lab is removed; if it is cut off, the lab may still be there."
	op.Middlewares = huma.Middlewares{func(c huma.Context, next func(huma.Context)) {
		_, w := humago.Unwrap(c)
		next(huma.WithValue(c, writerKey{}, w)) // package sse writes nothing but events
	}}
	sse.Register(a, op, map[string]any{"event": status.Event{}}, func(ctx context.Context, q *since, send sse.Sender) {
		w := ctx.Value(writerKey{}).(http.ResponseWriter)
		begun := false
		begin := func() {
			begun = true
			_, _ = io.WriteString(w, eventsBegin) // ctx ends if the client has gone
			_ = http.NewResponseController(w).Flush()
		}
		err := s.tell(ctx, look.EventOptions{Lab: s.lab, Last: q.Last, Follow: true, Opened: begin}, func(e status.Event) error { return send.Data(e) })
		switch {
		case err == nil: // the lab is removed
		case begun:
			panic(http.ErrAbortHandler) // the client shall not take it for the lab's end
		default:
			refuse(w, problem(err))
		}
	})
}
