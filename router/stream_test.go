package router

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"testing"

	"pseudowan/status"
)

// serving returns a client of an agent that streams numbers of labels.
func serving(t *testing.T, rows producer[status.MPLS], more func(*http.ServeMux)) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	m := http.NewServeMux()
	a := &agent{log: slog.New(slog.DiscardHandler)}
	if rows != nil {
		stream(m, a, "mpls", rows)
	}
	if more != nil {
		more(m)
	}
	s := &http.Server{Handler: m}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	c := NewClient("pe1", path)
	t.Cleanup(c.Close)
	return c
}

func labels(first, n int) (rows []status.MPLS) {
	for i := range n {
		rows = append(rows, status.MPLS{Label: uint32(first + i)})
	}
	return rows
}

func labelsOf(t *testing.T, c *Client) (seen []uint32, err error) {
	t.Helper()
	err = c.EachMPLS(t.Context(), status.Selection{VRF: "red"}, func(rows []status.MPLS) error {
		for _, r := range rows {
			seen = append(seen, r.Label)
		}
		return nil
	})
	return seen, err
}

func TestStream(t *testing.T) {
	c := serving(t, func(_ context.Context, sel status.Selection, _ url.Values, yield func([]status.MPLS) error) error {
		if sel.VRF != "red" {
			t.Errorf("asked for %+v", sel)
		}
		return errors.Join(yield(labels(0, 3)), yield(labels(3, 2)))
	}, nil)
	if seen, err := labelsOf(t, c); err != nil || !slices.Equal(seen, []uint32{0, 1, 2, 3, 4}) {
		t.Errorf("%v, %v", seen, err)
	}
}

// What breaks a stream before its first row leaves the others of a lab whole; what breaks
// it later does not.
func TestStreamBreaks(t *testing.T) {
	why := errors.New("VRF red has changed meanwhile")
	for name, test := range map[string]struct {
		rows       producer[status.MPLS]
		seen       int
		incomplete bool
	}{
		"before": {func(context.Context, status.Selection, url.Values, func([]status.MPLS) error) error { return why }, 0, false},
		"between": {func(_ context.Context, _ status.Selection, _ url.Values, yield func([]status.MPLS) error) error {
			return errors.Join(yield(labels(0, 2)), why)
		}, 2, true},
		"killed": {func(_ context.Context, _ status.Selection, _ url.Values, yield func([]status.MPLS) error) error {
			_ = yield(labels(0, 2))
			panic(http.ErrAbortHandler)
		}, 2, true},
	} {
		seen, err := labelsOf(t, serving(t, test.rows, nil))
		if err == nil || len(seen) != test.seen || errors.Is(err, status.ErrIncomplete) != test.incomplete {
			t.Errorf("%s: %v, %v", name, seen, err)
		}
	}
}

// An agent of an older version answers with a list.
func TestStreamOfAnOlderAgent(t *testing.T) {
	c := serving(t, nil, func(m *http.ServeMux) {
		list(m, &agent{}, "mpls", func(context.Context, *http.Request) (any, error) { return labels(7, 1), nil })
	})
	if seen, err := labelsOf(t, c); err != nil || !slices.Equal(seen, []uint32{7}) {
		t.Errorf("%v, %v", seen, err)
	}
}

// A reader that goes away ends the request, and its error is what it said.
func TestStreamReaderLeaves(t *testing.T) {
	ended := make(chan error, 1)
	c := serving(t, func(ctx context.Context, _ status.Selection, _ url.Values, yield func([]status.MPLS) error) error {
		for {
			if err := yield(labels(0, nextBlocks)); err != nil {
				ended <- err
				return err
			}
		}
	}, nil)
	enough := errors.New("enough")
	if err := c.EachMPLS(t.Context(), status.Selection{}, func([]status.MPLS) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	<-ended
}

func TestChunks(t *testing.T) {
	var sizes []int
	list := make([]int, firstBlock+nextBlocks+1)
	_ = chunks(list, func(part []int) error { sizes = append(sizes, len(part)); return nil })
	if !slices.Equal(sizes, []int{firstBlock, nextBlocks, 1}) {
		t.Errorf("%v", sizes)
	}
	if err := chunks([]int(nil), func([]int) error { return errors.New("called") }); err != nil {
		t.Error(err)
	}
}
