package bgp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp/gate"
)

// What a peer withdraws just before its session ends is withdrawn, although the news of it
// come after the end: the gate has forgotten the path, and its news are no longer heard.
func TestWithdrawnBeforeTheEnd(t *testing.T) {
	const one, other = "10.1.2.0/24", "11.0.0.0/8"
	announce, withdraw := seeds()[3], seeds()[4]
	peer := netip.MustParseAddr("192.0.2.1")
	for name, test := range map[string]struct {
		before, after func(*receiver, *gate.Judge) // the end
		kept          map[Key]bool
		want          []string // what stays
	}{
		"the withdrawal is told": {before: func(s *receiver, j *gate.Judge) { s.shown(peer, j) }},
		"it is told too late":    {after: func(s *receiver, j *gate.Judge) { s.shown(peer, j) }},
		"it never is":            {},
		"the engine keeps another": {
			kept: map[Key]bool{{Prefix: netip.MustParsePrefix(other), Peer: peer}: true},
			want: []string{other},
		},
		"the engine keeps both": {
			kept: map[Key]bool{{Prefix: netip.MustParsePrefix(other), Peer: peer}: true, {Prefix: netip.MustParsePrefix(one), Peer: peer}: true},
			want: []string{one, other},
		},
	} {
		s := (*receiver)(&Speaker{queue: newQueue()})
		j, left := newTestJudge(true), map[string]bool{}
		f := s.inflows.of(peer)
		f.judge, f.up, f.from = j, true, Route{Peer: peer, PeerID: peer}
		j.Received(slices.Clone(announce))
		s.shown(peer, j)
		if got := fmt.Sprint(hear(s, left)); got != fmt.Sprint([]string{one, other}) {
			t.Fatalf("announced %s", got)
		}
		j.Received(slices.Clone(withdraw))
		if test.before != nil {
			test.before(s, j)
		}
		s.withdrawAll(f, test.kept)
		if test.after != nil {
			test.after(s, j)
		}
		j.Received(slices.Clone(announce))
		s.shown(peer, j)
		if got := hear(s, left); !slices.Equal(got, test.want) || len(j.News()) > 0 {
			t.Errorf("%s: %v stays; want %v", name, got, test.want)
		}
		s.queue.close()
	}
}

// hear follows the events so far, and returns the prefixes that there are.
func hear(s *receiver, left map[string]bool) []string {
	s.queue.push(EndOfRIB{})
	for {
		for _, e := range <-s.queue.out {
			switch e := e.(type) {
			case RouteUpdate:
				left[e.Route.Prefix.String()] = !e.Withdrawn
			case EndOfRIB:
				maps.DeleteFunc(left, func(_ string, there bool) bool { return !there })
				return slices.Sorted(maps.Keys(left))
			}
		}
	}
}
