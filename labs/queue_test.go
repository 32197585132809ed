package labs

import (
	"context"
	"errors"
	"testing"
)

// Who goes away before its turn changes nothing, and its place is free.
func TestQueue(t *testing.T) {
	q := NewQueue()
	q.turn <- struct{}{}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	o := ChangeOptions{Lab: "no-such-lab"}
	if _, err := q.Change(ctx, o); !errors.Is(err, gone) {
		t.Errorf("before its turn: %v", err)
	}
	<-q.turn
	if _, err := q.Change(ctx, o); !errors.Is(err, gone) {
		t.Errorf("with its turn: %v", err)
	}
	for range 2 {
		if _, err := q.Change(t.Context(), o); err == nil {
			t.Error("a lab that does not exist was changed")
		}
	}
}
