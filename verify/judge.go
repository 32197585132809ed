package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Judge compares what was seen with what is intended. It returns a row for each pair,
// then one for each `expect:` line between tested hosts.
func Judge(t *topology.Topology, pairs []Pair, f Findings) []status.HostPair {
	j := judge{Findings: f, addresses: make(map[string][]netip.Addr), outside: make(map[string]bool), meant: make(map[fromTo]string)}
	for _, h := range t.Hosts {
		j.addresses[h.Name] = AddressesOf(h)
	}
	for _, p := range pairs {
		if !p.Outside {
			continue
		}
		j.outside[p.To] = true
		for _, r := range p.Reach {
			j.meant[fromTo{r.From, r.Destination}] = r.To
		}
	}
	rows := make([]status.HostPair, 0, len(pairs))
	for _, p := range pairs {
		rows = append(rows, j.pair(p))
	}
	for _, e := range t.Expect {
		i := slices.IndexFunc(pairs, func(p Pair) bool { return p.From == e.From && p.To == e.To })
		if i >= 0 && e.Pinged() && len(pairs[i].Open) == 0 {
			rows = append(rows, j.rule(e, pairs[i]))
		}
	}
	return rows
}

type judge struct {
	Findings
	addresses map[string][]netip.Addr
	outside   map[string]bool   // sites outside the lab
	meant     map[fromTo]string // the site that must answer, of several with an address
}

// answers reports whether a host or a site answered a request to one of its
// addresses.
func (j judge) answers(from, to string, a netip.Addr, o Observation) bool {
	if meant := j.meant[fromTo{from, a}]; j.outside[to] && meant != "" && meant != to {
		return false
	}
	return o.by(to, j.outside[to])
}

// pair judges a pair by the route targets.
func (j judge) pair(p Pair) status.HostPair {
	row := status.HostPair{
		From: p.From, To: p.To, Expected: p.Expected(), Result: status.AsIntended,
		Tested: len(p.Reach) + len(p.Never), Open: len(p.Open), Via: p.via(), Differences: []status.Difference{}, CannotTell: []string{},
	}
	if row.Tested == 0 && row.Open > 0 {
		row.Result = status.Open
	}
	for _, r := range p.Reach {
		if seen := j.reached(r); seen != "" {
			row.Differences = append(row.Differences, status.Difference{Source: r.Source, Destination: r.Destination, Seen: seen})
		}
		row.CannotTell = append(row.CannotTell, j.hidden(r)...)
	}
	for _, a := range p.Never {
		if j.inferred(p.From, a) {
			row.Tested--
			row.Inferred++
		}
		switch o := j.at(p.From, a); {
		case j.answers(p.From, p.To, a, o):
			row.Differences = append(row.Differences, status.Difference{Destination: a, Seen: fmt.Sprintf("%s answers, but must not be reached", p.To)})
		case slices.Contains(o.Arrived, p.To) && !slices.Contains(p.OneWay, a):
			row.Differences = append(row.Differences, status.Difference{Destination: a, Seen: leakSeen(p.To)})
		}
	}
	if len(row.Differences) > 0 {
		row.Result = status.Different
	}
	return row
}

// leakSeen says that a request gets where it must not, and its answer does not come back.
func leakSeen(to string) string {
	return fmt.Sprintf("the request arrives at %s, which must not be reached; its answer does not come back", to)
}

// via returns the hosts on the paths of a pair.
func (p Pair) via() []string {
	out := []string{}
	for _, r := range slices.Concat(p.Reach, p.Open) {
		for _, via := range r.Via {
			if !slices.Contains(out, via) {
				out = append(out, via)
			}
		}
	}
	return out
}

// Expected returns what is intended for a pair, in one word.
func (p Pair) Expected() string {
	switch {
	case len(p.Reach)+len(p.Never) == 0 && len(p.Open) > 0:
		return status.ExpectUnknown
	case len(p.Never) == 0 && len(p.Reach) > 0:
		return status.ExpectReach
	case len(p.Reach) == 0:
		return status.ExpectIsolated
	}
	return status.ExpectBoth
}

// reached returns what is wrong with an address that must be reached; "" if nothing
// is.
func (j judge) reached(r topology.Reach) string {
	probe := probeOf(r)
	o := j.seen[probe]
	others := slices.DeleteFunc(slices.Clone(o.Answered), func(h string) bool { return h == r.To })
	switch answers := j.answers(r.From, r.To, r.Destination, o); {
	case answers && len(others) > 0:
		return fmt.Sprintf("%s answers, and %s too", r.To, strings.Join(others, " and "))
	case answers:
		return j.astray(r, j.hops[probe])
	case len(others) > 0:
		return fmt.Sprintf("%s answers instead of %s", strings.Join(others, " and "), r.To)
	case slices.Contains(o.Arrived, r.To):
		return fmt.Sprintf("no answer: the request arrives at %s, but its answer is lost", r.To)
	case len(o.Arrived) > 0:
		return fmt.Sprintf("no answer: the request arrives at %s instead of %s", strings.Join(o.Arrived, " and "), r.To)
	case o.Error != "":
		return "no answer: " + o.Error
	}
	return "no answer"
}

// astray reports a host that a packet should have passed and did not; "" if it passed
// all. A hop that did not answer may be that host: there can be a way back from the
// destination and none from the hop.
func (j judge) astray(r topology.Reach, hops []Hop) string {
	if via := j.notSeen(r, hops); via != "" && !slices.ContainsFunc(hops, Hop.silent) {
		return fmt.Sprintf("%s answers, but the path does not pass through %s: %s", r.To, via, wayOf(hops))
	}
	return ""
}

// hidden returns why the path to an address that answers cannot be judged.
func (j judge) hidden(r topology.Reach) []string {
	probe := probeOf(r)
	hops := j.hops[probe]
	via := j.notSeen(r, hops)
	if via == "" || !slices.ContainsFunc(hops, Hop.silent) || !j.answers(r.From, r.To, r.Destination, j.seen[probe]) {
		return nil
	}
	return []string{fmt.Sprintf("%s: whether the path passes through %s: some hops do not answer: %s", r.Destination, via, wayOf(hops))}
}

// notSeen returns the first host on the intended path from which no hop answered; ""
// if all did.
func (j judge) notSeen(r topology.Reach, hops []Hop) string {
	for _, via := range r.Via {
		if !slices.ContainsFunc(hops, func(h Hop) bool { return slices.Contains(j.addresses[via], h.Address) }) {
			return via
		}
	}
	return ""
}

// silent reports whether a hop did not answer.
func (h Hop) silent() bool { return !h.Address.IsValid() }

func wayOf(hops []Hop) string {
	words := make([]string, len(hops))
	for i, h := range hops {
		words[i] = "*"
		if h.Address.IsValid() {
			words[i] = h.Address.String()
		}
	}
	return strings.Join(words, " ")
}

// rule judges an `expect:` line. A host is reached if its addresses that should
// answer do, and there are any.
func (j judge) rule(e topology.Expectation, p Pair) status.HostPair {
	row := rowOf(e)
	row.Tested = len(p.Reach) + len(p.Never)
	if e.Never {
		row.Differences = append(row.Differences, j.answering(p)...)
	} else {
		row.Differences = append(row.Differences, j.missing(e, p)...)
	}
	if len(row.Differences) > 0 {
		row.Result = status.Different
	}
	return row
}

// missed returns the first of the hosts that a path does not pass in their order; ""
// if it passes all.
func missed(through, path []string) string {
	for _, host := range through {
		i := slices.Index(path, host)
		if i < 0 {
			return host
		}
		path = path[i+1:]
	}
	return ""
}

// answering lists the addresses that answer where none may.
func (j judge) answering(p Pair) []status.Difference {
	var out []status.Difference
	for _, r := range p.Reach {
		if j.answers(p.From, p.To, r.Destination, j.seen[probeOf(r)]) {
			out = append(out, status.Difference{
				Source: r.Source, Destination: r.Destination, Seen: p.To + " answers",
				Cause: "the route targets of the topology allow it",
			})
		}
	}
	for _, a := range p.Never {
		if j.answers(p.From, p.To, a, j.at(p.From, a)) {
			out = append(out, status.Difference{Destination: a, Seen: p.To + " answers"})
		}
	}
	return out
}

// missing lists what keeps a host from being reached as an `expect:` line requires.
func (j judge) missing(e topology.Expectation, p Pair) []status.Difference {
	if len(p.Reach) == 0 {
		return []status.Difference{{
			Seen:  p.To + " is not reached",
			Cause: "the topology does not allow it: no route target in common, or no route there or back",
		}}
	}
	var out []status.Difference
	for _, r := range p.Reach {
		seen := j.reached(r)
		if missed := missed(e.Through, r.Via); seen == "" && missed != "" {
			seen = fmt.Sprintf("%s answers, but the path does not pass through %s", r.To, missed)
		}
		if seen != "" {
			out = append(out, status.Difference{Source: r.Source, Destination: r.Destination, Seen: seen})
		}
	}
	return out
}
