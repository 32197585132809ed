package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"pseudowan/status"
)

// rowBlock is a part of a table on its way from an agent, a line of JSON. The last one says
// that it is, or why the rest is missing.
type rowBlock[T any] struct {
	Rows  []T    `json:"rows,omitempty"`
	Error string `json:"error,omitempty"`
	End   bool   `json:"end,omitempty"`
}

// Rows of a block. The first block of a table is short, to come soon.
const (
	firstBlock = 64
	nextBlocks = 256
)

// chunks calls do with one part of list after the other.
func chunks[K any](list []K, do func([]K) error) error {
	for size := firstBlock; len(list) > 0; size = nextBlocks {
		part := list[:min(size, len(list))]
		if err := do(part); err != nil {
			return err
		}
		list = list[len(part):]
	}
	return nil
}

// producer passes on the rows of a table, block by block, in the order of show.
type producer[T any] func(ctx context.Context, sel status.Selection, words url.Values, yield func([]T) error) error

// stream serves a table of routes as it is read: nobody holds all of a million rows, and a
// reader that is slow holds up only its own request. What changes meanwhile may be in it or
// not; what stays is in it once.
func stream[T any](m *http.ServeMux, a *agent, name string, rows producer[T]) {
	m.HandleFunc("GET /v1/stream/"+name, func(w http.ResponseWriter, q *http.Request) {
		words := q.URL.Query()
		sel, err := status.ReadSelection(words)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		began := false
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		say := func(b rowBlock[T]) error {
			if !began {
				w.Header().Set("Content-Type", "application/x-ndjson")
			}
			began = true
			return errors.Join(e.Encode(b), http.NewResponseController(w).Flush())
		}
		err = rows(q.Context(), sel, words, func(list []T) error { return say(rowBlock[T]{Rows: list}) })
		switch {
		case err == nil:
			err = say(rowBlock[T]{End: true})
		case !began:
			a.answer(w, nil, err)
			return
		default:
			err = say(rowBlock[T]{Error: err.Error()})
		}
		if err != nil && q.Context().Err() == nil {
			a.log.Warn("answer", "error", err)
		}
	})
}

// each passes on the blocks of a streamed table. After an error that is
// status.ErrIncomplete, some of them have been passed on.
func each[T any](ctx context.Context, c *Client, path string, yield func([]T) error) error {
	answer, err := c.ask(ctx, http.MethodGet, "stream/"+path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	began := false
	broken := func(err error) error {
		err = fmt.Errorf("router %s: %w", c.router, err)
		if began {
			err = fmt.Errorf("%w: %w", status.ErrIncomplete, err)
		}
		return err
	}
	d := json.NewDecoder(answer.Body)
	for {
		var b rowBlock[T]
		if err := d.Decode(&b); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return broken(fmt.Errorf("its agent ended before its answer did: %w", err))
		}
		switch {
		case b.Error != "":
			return broken(errors.New(b.Error))
		case b.End:
			return nil
		}
		began = true
		if err := yield(b.Rows); err != nil {
			return err
		}
	}
}

// EachVRF passes on the VRFs with their selected routes, in the order of show; several with
// the same name and RD that follow each other are parts of one. Agents of older versions
// answer at once.
func (c *Client) EachVRF(ctx context.Context, sel status.Selection, yield func([]status.VRF) error) error {
	return eachOrAll(ctx, c, "vrfs?"+sel.Query().Encode(), yield)
}

// EachMPLS passes on the label bindings, see EachVRF.
func (c *Client) EachMPLS(ctx context.Context, sel status.Selection, yield func([]status.MPLS) error) error {
	return eachOrAll(ctx, c, "mpls?"+sel.Query().Encode(), yield)
}

// EachFlow passes on the counters of routes and labels, see Flows and EachVRF.
func (c *Client) EachFlow(ctx context.Context, sel status.Selection, fast bool, yield func([]status.Flow) error) error {
	words := sel.Query()
	if fast {
		words.Set("fast", "1")
	}
	return eachOrAll(ctx, c, "flows?"+words.Encode(), yield)
}

// EachRIB passes on the paths of the speaker's VPN tables, see EachVRF.
func (c *Client) EachRIB(ctx context.Context, sel status.Selection, yield func([]status.RIB) error) error {
	return eachOrAll(ctx, c, "rib?"+sel.Query().Encode(), yield)
}

// eachOrAll is each, or one list of an agent that cannot stream.
func eachOrAll[T any](ctx context.Context, c *Client, path string, yield func([]T) error) error {
	err := each(ctx, c, path, yield)
	if !errors.Is(err, errNotServed) {
		return err
	}
	rows, err := get[[]T](ctx, c, path)
	if err != nil || len(rows) == 0 {
		return err
	}
	return yield(rows)
}
