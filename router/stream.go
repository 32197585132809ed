package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"pseudowan/router/rowstream"
	"pseudowan/status"
)

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
// not; what stays is in it once. Commands whose rows have other columns find nothing here.
func stream[T any](m *http.ServeMux, a *agent, name string, rows producer[T]) {
	m.HandleFunc("GET /v1/"+streamPath[T](name), func(w http.ResponseWriter, q *http.Request) {
		words := q.URL.Query()
		sel, err := status.ReadSelection(words)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		began := false
		out := rowstream.NewWriter[T](w)
		begin := func() {
			if !began {
				w.Header().Set("Content-Type", "application/octet-stream")
			}
			began = true
		}
		err = rows(q.Context(), sel, words, func(list []T) error {
			begin()
			return errors.Join(out.Rows(list), http.NewResponseController(w).Flush())
		})
		switch {
		case err == nil:
			begin()
			err = out.End()
		case !began:
			a.answer(w, nil, err)
			return
		default:
			err = out.Fail(err)
		}
		if err != nil && q.Context().Err() == nil {
			a.log.Warn("answer", "error", err)
		}
	})
}

// streamPath names a table and its columns.
func streamPath[T any](table string) string { return "rows/" + table + "/" + rowstream.Schema[T]() }

// each passes on the blocks of a streamed table. After an error that is
// status.ErrIncomplete, some of them have been passed on.
func each[T any](ctx context.Context, c *Client, table string, words url.Values, yield func([]T) error) error {
	answer, err := c.ask(ctx, http.MethodGet, streamPath[T](table)+"?"+words.Encode(), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	in := rowstream.NewReader[T](answer.Body)
	for began := false; ; began = true {
		rows, err := in.Rows()
		var refusal rowstream.Refusal
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.As(err, &refusal):
			err = fmt.Errorf("its agent ended before its answer did: %w", err)
		}
		if err != nil {
			err = fmt.Errorf("router %s: %w", c.router, err)
			if began {
				err = fmt.Errorf("%w: %w", status.ErrIncomplete, err)
			}
			return err
		}
		if err := yield(rows); err != nil {
			return err
		}
	}
}

// EachVRF passes on the VRFs with their selected routes, in the order of show; several with
// the same name and RD that follow each other are parts of one. Agents of other versions may
// answer at once.
func (c *Client) EachVRF(ctx context.Context, sel status.Selection, yield func([]status.VRF) error) error {
	return eachOrAll(ctx, c, "vrfs", sel.Query(), yield)
}

// EachMPLS passes on the label bindings, see EachVRF.
func (c *Client) EachMPLS(ctx context.Context, sel status.Selection, yield func([]status.MPLS) error) error {
	return eachOrAll(ctx, c, "mpls", sel.Query(), yield)
}

// EachFlow passes on the counters of routes and labels, see Flows and EachVRF.
func (c *Client) EachFlow(ctx context.Context, sel status.Selection, fast bool, yield func([]status.Flow) error) error {
	words := sel.Query()
	if fast {
		words.Set("fast", "1")
	}
	return eachOrAll(ctx, c, "flows", words, yield)
}

// EachRIB passes on the paths of the speaker's VPN tables, see EachVRF.
func (c *Client) EachRIB(ctx context.Context, sel status.Selection, yield func([]status.RIB) error) error {
	return eachOrAll(ctx, c, "rib", sel.Query(), yield)
}

// eachOrAll is each, or one list of an agent that does not stream these rows.
func eachOrAll[T any](ctx context.Context, c *Client, table string, words url.Values, yield func([]T) error) error {
	err := each(ctx, c, table, words, yield)
	if !errors.Is(err, errNotServed) {
		return err
	}
	rows, err := get[[]T](ctx, c, table+"?"+words.Encode())
	if err != nil || len(rows) == 0 {
		return err
	}
	return yield(rows)
}
