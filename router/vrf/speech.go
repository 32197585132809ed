package vrf

import (
	"context"
	"log/slog"

	"pseudowan/bgp"
	"pseudowan/router/admit"
	"pseudowan/router/fib"
)

// Announcer is the announcing part of a BGP speaker.
type Announcer interface {
	Announce(ctx context.Context, routes []bgp.Route) error
	Withdraw(ctx context.Context, routes []bgp.Route) error
}

// Speech holds what the peers of one speaker should know, and what has been announced
// to them. The two differ while flows are being programmed.
type Speech struct {
	log    *slog.Logger
	fib    *fib.Table
	to     Announcer    // nil after Close
	guards *admit.Voice // nil: nobody sends packets with the labels of these routes
	wanted map[bgp.Key]bgp.Route
	told   map[bgp.Key]bgp.Route
}

// NewSpeech returns a Speech that has announced nothing. guards learns of its labels.
func NewSpeech(log *slog.Logger, f *fib.Table, to Announcer, guards *admit.Voice) *Speech {
	return &Speech{log: log, fib: f, to: to, guards: guards, wanted: map[bgp.Key]bgp.Route{}, told: map[bgp.Key]bgp.Route{}}
}

// Close ends the announcements. Its speaker is stopped.
func (s *Speech) Close() { s.to = nil }

// Announce announces a route once the switch has everything pending, because packets
// may arrive as soon as a peer knows the route.
func (s *Speech) Announce(key bgp.Key, route bgp.Route) {
	s.wanted[key] = route
	s.guards.Tell(key, route)
	if told, known := s.told[key]; !known || !told.Equal(route) {
		s.fib.Then(func() { s.sync(key) })
	}
}

// Withdraw withdraws a route at once.
func (s *Speech) Withdraw(key bgp.Key) {
	delete(s.wanted, key)
	s.guards.Untell(key)
	s.sync(key)
}

// Wanted lists the routes that are or will be announced.
func (s *Speech) Wanted() []bgp.Key {
	list := make([]bgp.Key, 0, len(s.wanted))
	for key := range s.wanted {
		list = append(list, key)
	}
	return list
}

// sync brings what is announced about a route in line with what the peers should
// know.
func (s *Speech) sync(key bgp.Key) {
	want, tells := s.wanted[key]
	told, known := s.told[key]
	switch {
	case s.to == nil:
	case tells && (!known || !told.Equal(want)):
		s.told[key] = want
		s.hand(s.to.Announce, want)
	case known && !tells:
		delete(s.told, key)
		s.hand(s.to.Withdraw, bgp.Route{RD: key.RD, Prefix: key.Prefix})
	}
}

// hand gives a route to the speaker. If the speaker refuses it, that is our defect,
// but the rest of the router keeps working.
func (s *Speech) hand(do func(context.Context, []bgp.Route) error, route bgp.Route) {
	if err := do(context.Background(), []bgp.Route{route}); err != nil {
		s.log.Error("the BGP speaker refuses a route", "rd", route.RD, "prefix", route.Prefix, "error", err)
	}
}
