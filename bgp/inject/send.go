package inject

import (
	"context"
	"time"
)

// Announce sends routes of a table, from begin on and up to end, at most rate a second; 0:
// as fast as the peer takes them. It tells said how many more are sent.
func (s *Session) Announce(ctx context.Context, t *Table, begin, end, rate int, said func(n int)) error {
	return s.send(ctx, t, begin, end, rate, said, func(b []byte, routes []Route, first, limit int) ([]byte, int) {
		a := routes[0].Attributes
		for i := range min(len(routes), limit) {
			if routes[i].Attributes != a {
				limit = i
				break
			}
		}
		return s.encoder.announce(b, routes, t.Attributes[a], first, limit)
	})
}

// Withdraw withdraws routes of a table, as Announce announces them.
func (s *Session) Withdraw(ctx context.Context, t *Table, begin, end, rate int, said func(n int)) error {
	return s.send(ctx, t, begin, end, rate, said, func(b []byte, routes []Route, _, limit int) ([]byte, int) {
		return s.encoder.withdraw(b, routes, limit)
	})
}

// EndOfRIB says that all routes are announced (RFC 4724).
func (s *Session) EndOfRIB() error {
	for _, f := range s.encoder.config.Families {
		if err := s.write(endOfRIB(f), true); err != nil {
			return s.cause(err)
		}
	}
	return nil
}

// encodeFunc appends a message with the first of routes, at most limit, and returns how
// many it has; the first has an index in the table.
type encodeFunc func(b []byte, routes []Route, first, limit int) ([]byte, int)

// tick is how finely a rate is kept.
const tick = 20 * time.Millisecond

func (s *Session) send(ctx context.Context, t *Table, begin, end, rate int, said func(int), encode encodeFunc) error {
	started, limit := time.Now(), end-begin
	if rate > 0 {
		limit = max(1, int(time.Duration(rate)*tick/time.Second))
	}
	var b []byte
	for i := begin; i < end; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		group := t.Routes[i:min(end, sameFamily(t, i))]
		var n int
		b, n = encode(b[:0], group, i, limit)
		if err := s.write(b, rate > 0); err != nil {
			return s.cause(err)
		}
		i += n
		said(n)
		if rate > 0 && !s.pause(ctx, time.Until(started.Add(time.Duration(float64(i-begin)/float64(rate)*float64(time.Second))))) {
			return s.cause(ctx.Err())
		}
	}
	return s.cause(s.write(nil, true))
}

// maxGroup is more routes than a message has room for.
const maxGroup = maxMessage

// sameFamily is the end of the routes of one family that begin at an index, as far as it
// matters.
func sameFamily(t *Table, i int) int {
	j := min(len(t.Routes), i+maxGroup)
	if t.Routes[i].Prefix.Addr().Is4() == t.Routes[j-1].Prefix.Addr().Is4() {
		return j
	}
	for j = i; t.Routes[j].Prefix.Addr().Is4(); j++ {
	}
	return j
}

// pause waits, unless the session ends.
func (s *Session) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	case <-time.After(d):
		return true
	}
}

// cause is why the session has ended, if it has: more than that a write failed.
func (s *Session) cause(err error) error {
	select {
	case <-s.done:
		return s.err
	default:
		return err
	}
}
