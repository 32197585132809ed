package look

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/status"
)

// EventsOf asks a site for events, as EventOptions.
type EventsOf struct {
	Last   int
	Follow bool
}

// happened is what waits for the one who asks for events.
type happened struct {
	events chan *status.Event // nil after those of the past; closed at the end
	err    error              // of the end
}

// Events begins to read the site's events. NextEvents hands them over.
func (a *Answers) Events(q EventsOf, _ *struct{}) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.happened != nil {
		return errors.New("the events are read already")
	}
	h := &happened{events: make(chan *status.Event)}
	a.happened = h
	tell := func(e *status.Event) error {
		select {
		case h.events <- e:
			return nil
		case <-a.closed:
			return errClosed
		}
	}
	go func() {
		h.err = Events(a.ctx, EventOptions{
			Lab: a.in.lab.Name, Last: q.Last, Follow: q.Follow, Past: func() { _ = tell(nil) }, // the next event fails, too
		}, func(e status.Event) error { return tell(&e) })
		close(h.events)
	}()
	return nil
}

var errClosed = errors.New("nobody asks any more")

// Heard is what has happened at a site since the last question.
type Heard struct {
	Events []status.Event
	Past   bool // this was all that had happened before the first question
	Done   bool // nothing more will come
}

const (
	// eventsPause is how long nothing must have happened for a site to answer.
	eventsPause = 100 * time.Millisecond

	// eventsIdle is how long a site where nothing happens waits before it says so.
	eventsIdle = 10 * time.Second
)

// maxEvents is how many events an answer has at most, about.
const maxEvents = 4096

// NextEvents hands over what has happened. It answers once there is a pause after it, and
// at the end of the past.
func (a *Answers) NextEvents(_ struct{}, reply *Heard) error {
	a.mu.Lock()
	h := a.happened
	a.mu.Unlock()
	if h == nil {
		return errors.New("no events are read")
	}
	for len(reply.Events) < maxEvents {
		pause := eventsPause
		if len(reply.Events) == 0 {
			pause = eventsIdle
		}
		select {
		case e, more := <-h.events:
			if !more {
				reply.Done = true
				return h.err
			}
			if e == nil {
				reply.Past = true
				return nil
			}
			reply.Events = append(reply.Events, *e)
		case <-a.closed:
			return errClosed
		case <-time.After(pause):
			return nil
		}
	}
	return nil
}

// Events is the function of that name, for a lab of several sites: their events are merged
// by time. Those that happen while it follows are told after settleSites, so that those of
// other sites find their place among them.
func (s *Sites) Events(ctx context.Context, o EventOptions, hear func(status.Event) error) error {
	if _, err := askAll[struct{}](ctx, s, "Events", EventsOf{o.Last, o.Follow}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan heardAt)
	var g errgroup.Group
	for _, r := range s.all {
		g.Go(func() error {
			err := r.follow(ctx, heard)
			if err != nil && ctx.Err() == nil && o.Lost != nil {
				o.Lost(err)
			}
			return err
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Wait() }()
	m := merging{sites: len(s.all), last: o.Last, hear: hear}
	if m.last == 0 {
		m.last = -1 // the sites tell nothing of the past
	}
	tick := time.NewTicker(settleSites / 4)
	defer tick.Stop()
	for {
		select {
		case h := <-heard:
			m.add(h, time.Now())
		case now := <-tick.C:
			if err := m.tell(now.Add(-settleSites)); err != nil {
				return err
			}
		case err := <-ended:
			return errors.Join(m.rest(), err)
		}
	}
}

// heardAt is what a site has answered.
type heardAt struct {
	events []status.Event
	past   bool // they had happened before the question
	end    bool // and no more had
}

// follow asks a site until it has told everything. That others have not been asked any
// more, because one site has gone, is no error.
func (r *remote) follow(ctx context.Context, to chan<- heardAt) error {
	for past := true; ; {
		h, err := call[Heard](ctx, r, "NextEvents", struct{}{})
		end := past && (h.Past || h.Done || err != nil) // without it, the others would wait for the past
		select {
		case to <- heardAt{h.Events, past, end}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if h.Done || err != nil {
			return err
		}
		past = past && !end
	}
}

// merging merges the events of several sites by their times.
type merging struct {
	sites   int // that have not told of all of the past yet
	last    int // of the events of the past, only so many; negative: all
	hear    func(status.Event) error
	waiting []waitingEvent
}

type waitingEvent struct {
	status.Event
	past bool
	came time.Time
}

func (m *merging) add(h heardAt, now time.Time) {
	for _, e := range h.events {
		m.waiting = append(m.waiting, waitingEvent{e, h.past, now})
	}
	if h.end {
		m.sites--
	}
}

// tell hands over what came before a time, and what has happened before that. Nothing is
// told before all sites have told of the past.
func (m *merging) tell(until time.Time) error {
	if m.sites > 0 {
		return nil
	}
	m.sort()
	n := 0
	for i, e := range m.waiting {
		if !e.came.After(until) {
			n = i + 1
		}
	}
	return m.emit(n)
}

// rest hands over everything.
func (m *merging) rest() error {
	m.sort()
	return m.emit(len(m.waiting))
}

// sort sorts what waits, of which only the last of the past are left.
func (m *merging) sort() {
	slices.SortStableFunc(m.waiting, func(a, b waitingEvent) int { return a.Time.Compare(b.Time) })
	if m.last < 0 {
		return
	}
	surplus := -m.last
	for _, e := range m.waiting {
		if e.past {
			surplus++
		}
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(e waitingEvent) bool {
		if e.past {
			surplus--
		}
		return e.past && surplus >= 0
	})
	m.last = -1
}

func (m *merging) emit(n int) error {
	out := m.waiting[:n]
	m.waiting = slices.Clone(m.waiting[n:])
	for _, e := range out {
		if err := m.hear(e.Event); err != nil {
			return err
		}
	}
	return nil
}
