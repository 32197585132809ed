package labs

import (
	"errors"
	"fmt"
	"testing"

	"pseudowan/router"
)

// Of all sessions, those between two routers of the lab end with the reset of either end;
// who names a peer hears that its session is not established.
func TestClearFailure(t *testing.T) {
	down, other := fmt.Errorf("session: %w", router.ErrNotEstablished), errors.New("no answer")
	for _, c := range []struct {
		peer      string
		err, want error
	}{{"", down, nil}, {"", other, other}, {"pe2", down, down}, {"", nil, nil}} {
		if got := (ClearOptions{Peer: c.peer}).failure(c.err); got != c.want {
			t.Errorf("peer %q, %v: %v", c.peer, c.err, got)
		}
	}
}
