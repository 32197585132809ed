package inject

import (
	"context"
	"errors"
	"net"
	"time"
)

// Pattern is what happens to the routes of a table.
type Pattern struct {
	Rate     int           `json:"rate,omitempty"`     // routes a second; 0: as fast as the peer takes them
	For      time.Duration `json:"for,omitempty"`      // after all are announced; 0: until ctx ends
	Withdraw bool          `json:"withdraw,omitempty"` // withdrawn route by route, not by the session's end
	Flap     time.Duration `json:"flap,omitempty"`     // withdrawn and announced again, each after that time; 0: not
	Share    float64       `json:"share,omitempty"`    // of the routes that flap, above 0 and at most 1
}

// State is what a speaker does.
type State string

// The states.
const (
	Connecting  State = "connecting"
	Announcing  State = "announcing"
	Announced   State = "announced"
	Withdrawing State = "withdrawing"
	Withdrawn   State = "withdrawn"
)

// Progress is how far a speaker is.
type Progress struct {
	State   State         `json:"state"`
	Done    int           `json:"done"` // routes that the state has come to
	Of      int           `json:"of"`
	Flaps   int           `json:"flaps,omitempty"`
	Again   int           `json:"again,omitempty"`   // sessions after the first
	Elapsed time.Duration `json:"elapsed,omitempty"` // in the state
	Error   string        `json:"error,omitempty"`   // why there is no session
}

// ErrGone is what Run's dial returns if there will never be a session again.
var ErrGone = errors.New("the way to the peer is gone")

// Speaker keeps a session up that announces a table.
type Speaker struct {
	Dial    func(context.Context) (net.Conn, error)
	Config  Config
	Table   *Table
	Pattern Pattern
	Report  func(Progress) // is called often, by one goroutine

	now   Progress
	since time.Time
}

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 3 * time.Second

	lastWords = time.Second // how long a session may take to end
)

// Run goes through the pattern. A session that ends is established again, with all routes.
// It returns nil at the end of the pattern or when ctx ends; the routes are then withdrawn.
func (s *Speaker) Run(ctx context.Context) error {
	retry := firstRetry
	for {
		s.enter(Connecting, 0, 0)
		err := s.session(ctx, &retry)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrGone):
			return err
		}
		s.now.Error = err.Error()
		s.Report(s.now)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retry):
			retry = min(2*retry, lastRetry)
		}
	}
}

func (s *Speaker) session(ctx context.Context, retry *time.Duration) error {
	conn, err := s.Dial(ctx)
	if err != nil {
		return err
	}
	session, err := Open(ctx, conn, s.Config)
	if err != nil {
		return err
	}
	s.now.Error, *retry = "", firstRetry
	defer func() { s.now.Again++ }()
	defer session.Close()
	// A peer that has stopped reading holds nobody up.
	defer context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Now().Add(lastWords)) })()
	return s.perform(ctx, session)
}

// perform goes through the pattern in one session.
func (s *Speaker) perform(ctx context.Context, session *Session) error {
	all := len(s.Table.Routes)
	if err := s.announce(ctx, session, all); err != nil {
		return err
	}
	if err := session.EndOfRIB(); err != nil {
		return err
	}
	s.enter(Announced, all, all)
	ending := ctx
	if s.Pattern.For > 0 {
		var cancel context.CancelFunc
		ending, cancel = context.WithTimeout(ctx, s.Pattern.For)
		defer cancel()
	}
	if err := s.hold(ending, session); err != nil {
		return err
	}
	if !s.Pattern.Withdraw || ctx.Err() != nil {
		return nil
	}
	return s.withdraw(ctx, session, all)
}

// hold keeps the routes announced, or lets them flap, until ctx ends.
func (s *Speaker) hold(ctx context.Context, session *Session) error {
	n := max(1, int(float64(len(s.Table.Routes))*s.Pattern.Share))
	for {
		if s.Pattern.Flap == 0 {
			if s.Pattern.Withdraw && s.Pattern.For == 0 {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-session.Done():
				return session.Err()
			}
		}
		for _, do := range []func(context.Context, *Session, int) error{s.withdraw, s.announce} {
			if !session.pause(ctx, s.Pattern.Flap) {
				if ctx.Err() != nil {
					return nil
				}
				return session.Err()
			}
			if err := do(ctx, session, n); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}
		s.now.Flaps++
		s.enter(Announced, len(s.Table.Routes), len(s.Table.Routes))
	}
}

func (s *Speaker) announce(ctx context.Context, session *Session, n int) error {
	s.enter(Announcing, 0, n)
	return session.Announce(ctx, s.Table, 0, n, s.Pattern.Rate, s.more)
}

func (s *Speaker) withdraw(ctx context.Context, session *Session, n int) error {
	s.enter(Withdrawing, 0, n)
	if err := session.Withdraw(ctx, s.Table, 0, n, s.Pattern.Rate, s.more); err != nil {
		return err
	}
	s.enter(Withdrawn, n, n)
	return nil
}

// enter reports a state, with the time that the last one has taken.
func (s *Speaker) enter(state State, done, of int) {
	s.now.State, s.now.Done, s.now.Of = state, done, of
	s.now.Elapsed = 0
	if state == Announced || state == Withdrawn {
		s.now.Elapsed = time.Since(s.since)
	}
	s.since = time.Now()
	s.Report(s.now)
}

func (s *Speaker) more(n int) {
	s.now.Done += n
	s.Report(s.now)
}
