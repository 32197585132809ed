package vrf

import (
	"context"
	"log/slog"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
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
	passed map[bgp.Key]bgp.Route // of other routers: told where none is wanted
	told   map[bgp.Key]bgp.Route
}

// NewSpeech returns a Speech that has announced nothing. guards learns of its labels.
func NewSpeech(log *slog.Logger, f *fib.Table, to Announcer, guards *admit.Voice) *Speech {
	return &Speech{log: log, fib: f, to: to, guards: guards, wanted: map[bgp.Key]bgp.Route{}, passed: map[bgp.Key]bgp.Route{}, told: map[bgp.Key]bgp.Route{}}
}

// Close ends the announcements. Its speaker is stopped.
func (s *Speech) Close() { s.to = nil }

// Announce announces a route once the switch has everything pending, because packets
// may arrive as soon as a peer knows the route.
func (s *Speech) Announce(key bgp.Key, route bgp.Route) {
	s.wanted[key] = route
	s.later(key, route)
}

// Pass announces a route of another router in our name, with a label of ours. A route that
// is announced by itself stands before it.
func (s *Speech) Pass(key bgp.Key, route bgp.Route) {
	s.passed[key] = route
	if _, own := s.wanted[key]; !own {
		s.later(key, route)
	}
}

// later tells of a route once its flows are there.
func (s *Speech) later(key bgp.Key, route bgp.Route) {
	s.guards.Tell(key, route)
	if told, known := s.told[key]; !known || !told.Equal(route) {
		s.fib.Then(func() { s.sync(key) })
	}
}

// Withdraw withdraws a route, and does not wait for flows.
func (s *Speech) Withdraw(key bgp.Key) {
	delete(s.wanted, key)
	s.settle(key)
}

// Unpass withdraws a route of another router, and does not wait for flows.
func (s *Speech) Unpass(key bgp.Key) {
	delete(s.passed, key)
	s.settle(key)
}

// settle follows the end of a route: that of another router may take its place.
func (s *Speech) settle(key bgp.Key) {
	if route, tells := s.current(key); tells {
		s.later(key, route)
		return
	}
	s.guards.Untell(key)
	if _, known := s.told[key]; known {
		s.fib.Soon(func() { s.sync(key) })
	}
}

// current returns what the peers should know of a route.
func (s *Speech) current(key bgp.Key) (route bgp.Route, tells bool) {
	if route, tells = s.wanted[key]; !tells {
		route, tells = s.passed[key]
	}
	return route, tells
}

// Label returns the label of a route that the peers are told of; own reports whether the
// route is ours. ok is false if they are told of none.
func (s *Speech) Label(key bgp.Key) (label vpn.Label, own, ok bool) {
	route, ok := s.current(key)
	_, own = s.wanted[key]
	return route.Label, own, ok
}

// Wanted lists the routes of ours that are or will be announced.
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
	want, tells := s.current(key)
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
