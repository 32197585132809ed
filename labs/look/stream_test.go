package look

import (
	"context"
	"errors"
	"testing"

	"pseudowan/router"
	"pseudowan/status"
)

// interrupted asks three routers for two blocks each, and interrupts after so many. It
// returns the rows and the error.
func interrupted(t *testing.T, after int) (rows []status.MPLS, err error) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ask := func(_ *router.Client, _ context.Context, _ status.Selection, yield func([]status.MPLS) error) error {
		return errors.Join(yield(make([]status.MPLS, 1)), yield(make([]status.MPLS, 1)))
	}
	l := &Lab{Name: "pwt-none", routers: []string{"pe1", "pe2", "pe3"}}
	err = each(ctx, l, Filter{}, ask)(func(block []status.MPLS) error {
		if rows = append(rows, block...); len(rows) == after {
			interrupt()
		}
		return nil
	})
	return rows, err
}

// A table that an interruption cut is never told to be whole, wherever it was cut.
func TestInterruptedRows(t *testing.T) {
	for after := range 8 {
		rows, err := interrupted(t, after)
		if whole := len(rows) == 6; whole != (err == nil) || !whole && (!errors.Is(err, status.ErrIncomplete) || !errors.Is(err, context.Canceled)) {
			t.Errorf("interrupted after %d: %d rows, %v", after, len(rows), err)
		}
	}
}

// Whatever ends an answer in the middle makes it incomplete, also of the last router.
func TestAnswerCut(t *testing.T) {
	late := errors.New("no answer in 10s")
	for _, rows := range []int{0, 1} {
		ask := func(_ *router.Client, _ context.Context, _ status.Selection, yield func([]status.MPLS) error) error {
			if rows > 0 {
				_ = yield(make([]status.MPLS, rows))
			}
			return late
		}
		l := &Lab{Name: "pwt-none", routers: []string{"pe1"}}
		err := each(t.Context(), l, Filter{}, ask)(func([]status.MPLS) error { return nil })
		if !errors.Is(err, late) || errors.Is(err, status.ErrIncomplete) != (rows > 0) {
			t.Errorf("after %d rows: %v", rows, err)
		}
	}
}
