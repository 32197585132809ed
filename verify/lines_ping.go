package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Alone returns a function that reports whether Lines tests an `expect:` line, and not
// the pair of its hosts.
func Alone(t *topology.Topology) func(topology.Expectation) bool {
	type pair struct{ from, to string }
	open := make(map[pair]bool)
	if len(t.Rewriters()) > 0 {
		_, undecided, _ := t.Reachability()
		for _, r := range undecided {
			open[pair{r.From, r.To}] = true
		}
	}
	return func(e topology.Expectation) bool { return !e.Pinged() || open[pair{e.From, e.To}] }
}

// ping sends requests to each address. One that answers suffices, or is too many. An
// address counts as that of a host if this host answers or, since not every packet
// passes those who rewrite, if it answers pings and no other host does.
func (l line) ping(ctx context.Context, targets []netip.Addr) ([]status.Difference, error) {
	if len(targets) == 0 && !l.Never {
		return []status.Difference{{Seen: l.To + " has no address"}}, nil
	}
	s := Schedule{Tries: max(1, int(l.timeout/positiveEvery)), Every: positiveEvery, Wait: positiveEvery}
	if l.Never {
		s = Schedule{Tries: negativeTries, Every: negativeEvery, Wait: negativeEvery}
	}
	s.Pings, s.Progress, s.Enough = make(map[netip.Addr]bool), func(int) {}, l.answered
	probes := make([]Probe, len(targets))
	for i, a := range targets {
		probes[i], s.Pings[a] = Probe{From: l.From, Destination: a}, true
	}
	seen, err := l.visitor.Send(ctx, probes, s)
	if err != nil {
		return nil, err
	}
	var out []status.Difference
	for i, o := range seen {
		answers := l.answered(o)
		if answers && !l.Never {
			return l.way(ctx, probes[i])
		}
		if answers || !l.Never {
			out = append(out, status.Difference{Destination: targets[i], Seen: l.answerOf(o)})
		}
	}
	return out, nil
}

// answered reports whether whom the line names has answered.
func (l line) answered(o Observation) bool {
	if l.To == "" {
		return o.Replied || len(o.Answered) > 0
	}
	return slices.Contains(o.Answered, l.To) || o.Replied && len(o.Answered) == 0
}

// answerOf tells who has answered.
func (l line) answerOf(o Observation) string {
	switch {
	case len(o.Answered) > 0:
		return strings.Join(o.Answered, " and ") + " answers"
	case o.Replied:
		return "it answers"
	case o.Error != "":
		return "no answer: " + o.Error
	}
	return "no answer"
}

// way tests whether packets pass the hosts that the line names.
func (l line) way(ctx context.Context, p Probe) ([]status.Difference, error) {
	if len(l.Through) == 0 {
		return nil, nil
	}
	hops, err := l.visitor.Path(ctx, p)
	if err != nil {
		return nil, err
	}
	var passed []string
	for _, h := range hops {
		for _, host := range l.topology.Hosts {
			if h.Address.IsValid() && slices.Contains(AddressesOf(host), h.Address) {
				passed = append(passed, host.Name)
			}
		}
	}
	missing := missed(l.Through, passed)
	if missing == "" {
		return nil, nil
	}
	return []status.Difference{{Destination: p.Destination, Seen: fmt.Sprintf("it answers, but %s is not seen on the path: %s", missing, wayOf(hops))}}, nil
}
