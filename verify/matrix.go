package verify

import (
	"net/netip"
	"slices"

	"pseudowan/topology"
)

// Pair is what is intended between two hosts, in one direction.
type Pair struct {
	From, To string
	Reach    []topology.Reach // addresses of To that From must reach
	Never    []netip.Addr     // addresses at which To must not answer From
}

// Configured holds the addresses that hosts have formed by SLAAC, by host and
// interface.
type Configured map[string]map[string][]netip.Prefix

// Complete returns the topology with the addresses that hosts have formed on the
// interfaces that use SLAAC.
func Complete(t *topology.Topology, found Configured) *topology.Topology {
	out := *t
	out.Hosts = slices.Clone(t.Hosts)
	for i := range out.Hosts {
		h := &out.Hosts[i]
		h.Attachments = slices.Clone(h.Attachments)
		for j := range h.Attachments {
			a := &h.Attachments[j]
			if !a.SLAAC || a.RA == nil {
				continue
			}
			a.Addresses = slices.Clone(a.Addresses)
			for _, p := range found[h.Name][a.Interface] {
				if a.RA.Prefix.Contains(p.Addr()) && !slices.Contains(a.Addresses, p) {
					a.Addresses = append(a.Addresses, p)
				}
			}
		}
	}
	return &out
}

// Matrix returns what is intended between all hosts, in the order of the topology. If
// from or to is not empty, it selects the pairs of that host.
func Matrix(t *topology.Topology, from, to string) []Pair {
	type key struct{ from, to string }
	reach := make(map[key][]topology.Reach)
	for _, r := range t.Reaches() {
		k := key{r.From, r.To}
		reach[k] = append(reach[k], r)
	}
	var out []Pair
	for _, f := range t.Hosts {
		if from != "" && f.Name != from {
			continue
		}
		for _, h := range t.Hosts {
			if h.Name == f.Name || to != "" && h.Name != to {
				continue
			}
			p := Pair{From: f.Name, To: h.Name, Reach: reach[key{f.Name, h.Name}]}
			for _, a := range AddressesOf(h) {
				if !slices.ContainsFunc(p.Reach, func(r topology.Reach) bool { return r.Destination == a }) {
					p.Never = append(p.Never, a)
				}
			}
			out = append(out, p)
		}
	}
	return out
}

// AddressesOf returns the addresses of a host, on attachments and LANs.
func AddressesOf(h topology.Host) []netip.Addr {
	var out []netip.Addr
	for _, a := range h.Attachments {
		for _, p := range a.Addresses {
			out = append(out, p.Addr())
		}
	}
	for _, p := range h.LANs {
		out = append(out, p.Addr())
	}
	return out
}

// Probe is a request from a host to an address.
type Probe struct {
	From        string
	Source      netip.Addr // zero if the host chooses it
	Destination netip.Addr
}

// probes returns the requests that test the pairs: those that must be answered and
// those that must not. One request tests all hosts that share an address.
func probes(pairs []Pair) (positive, negative []Probe) {
	type sent struct {
		from string
		to   netip.Addr
	}
	seen := make(map[sent]bool)
	for _, p := range pairs {
		for _, r := range p.Reach {
			positive = append(positive, probeOf(r))
			seen[sent{r.From, r.Destination}] = true
		}
	}
	for _, p := range pairs {
		for _, a := range p.Never {
			if k := (sent{p.From, a}); !seen[k] {
				seen[k] = true
				negative = append(negative, Probe{From: p.From, Destination: a})
			}
		}
	}
	return positive, negative
}

func probeOf(r topology.Reach) Probe {
	return Probe{From: r.From, Source: r.Source, Destination: r.Destination}
}
