package verify

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// Alike says which packets neither hosts nor routers tell apart, so that one tests what
// another would.
type Alike interface {
	// Plain reports whether a host has neither packet filters nor address translation: it
	// takes a request as it takes an answer between the same addresses and ports.
	Plain(host string) bool

	// Routeless reports whether nothing names an address of all that decides about a
	// packet from a host, be it the host's routes or the flows of its routers' switches:
	// such packets have the same fate.
	Routeless(host string, to netip.Addr) bool
}

// samples is how many of the packets from a host are sent that nothing tells apart. They
// are chosen anew in every run.
const samples = 8

// alike returns what says which packets test the same, or nil if all are to be sent.
func (o Options) alike(ctx context.Context, probes int) (Alike, error) {
	if o.Alike == nil || probes <= o.Few {
		return nil, nil
	}
	o.Step("finding out which packets hosts and routers do not tell apart")
	return o.Alike(ctx)
}

// halves divides the requests that must be answered: an answer to the first ones may tell
// what would become of the second ones, which are between the same addresses, the other
// way round.
func halves(pairs []Pair, positive []Probe, same Alike) (first, second []Probe) {
	if same == nil {
		return positive, nil
	}
	later, sent := make(map[Probe]bool), make(map[Probe]bool)
	for _, p := range pairs {
		if p.Outside || !same.Plain(p.From) || !same.Plain(p.To) {
			continue
		}
		for _, r := range p.Reach {
			back := Probe{From: r.To, Source: r.Destination, Destination: r.Source}
			switch {
			case len(r.Via) > 0: // others decide, too
			case p.Named:
				sent[probeOf(r)] = true
			case sent[back]:
				later[probeOf(r)] = true
			default:
				sent[probeOf(r)] = true
			}
		}
	}
	return divided(positive, func(_ int, p Probe) bool { return later[p] })
}

// divided returns the requests that do not wait for others, and those that do.
func divided(all []Probe, waits func(int, Probe) bool) (first, rest []Probe) {
	for i, p := range all {
		if waits(i, p) {
			rest = append(rest, p)
		} else {
			first = append(first, p)
		}
	}
	return first, rest
}

// told returns what the answers to requests tell of requests the other way round. An
// answer that another host got, too, tells nothing.
func told(sent []Probe, seen []Observation) map[Probe]Observation {
	out := make(map[Probe]Observation)
	for i, p := range sent {
		o := seen[i]
		if len(o.Answered) != 1 || !slices.Equal(o.Arrived, o.Answered) || len(o.Strayed) > 0 {
			continue
		}
		back := Probe{From: o.Answered[0], Source: p.Destination, Destination: p.Source}
		out[back] = Observation{Answered: []string{p.From}, Arrived: []string{p.From}}
	}
	return out
}

// chosen divides the requests that must not be answered: of those that nothing tells
// apart, only samples are among the first, and all of pairs that `expect:` lines name.
func chosen(pairs []Pair, negative []Probe, same Alike) (first, rest []Probe) {
	if same == nil {
		return negative, nil
	}
	type group struct {
		from string
		v4   bool
	}
	groups, named := make(map[group][]int), namedBy(pairs)
	for i, p := range negative {
		if !named[fromTo{p.From, p.Destination}] && same.Routeless(p.From, p.Destination) {
			g := group{p.From, p.Destination.Is4()}
			groups[g] = append(groups[g], i)
		}
	}
	left := make([]bool, len(negative))
	for _, members := range groups {
		rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		for _, i := range members[min(samples, len(members)):] {
			left[i] = true
		}
	}
	return divided(negative, func(i int, _ Probe) bool { return left[i] })
}

// namedBy returns what must not answer of the pairs that `expect:` lines name.
func namedBy(pairs []Pair) map[fromTo]bool {
	out := make(map[fromTo]bool)
	for _, p := range pairs {
		if !p.Named {
			continue
		}
		for _, a := range p.Never {
			out[fromTo{p.From, a}] = true
		}
	}
	return out
}

// doubtful returns those of the requests left out whose host got an answer, or reached
// somebody, where nobody may answer: samples of it stand for nothing.
func doubtful(rest, sent []Probe, seen []Observation) (out []Probe) {
	reached := make(map[string]bool)
	for i, p := range sent {
		if o := seen[i]; o.Replied || len(o.Answered)+len(o.Arrived) > 0 {
			reached[p.From] = true
		}
	}
	for _, p := range rest {
		if reached[p.From] {
			out = append(out, p)
		}
	}
	return out
}
