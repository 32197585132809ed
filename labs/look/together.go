package look

import (
	"context"
	"slices"

	"pseudowan/hosts/probe"
	"pseudowan/status"
	"pseudowan/verify"
)

// Together is what the processes that verify the sites of one lab agree on.
type Together struct {
	Key probe.Key

	// Ready is called when the hosts of the site answer, and returns when those of all
	// sites do. Done is called when the site has been tested, and returns when all have.
	Ready, Done func(context.Context) error
}

// open opens the hosts that run here.
func (in *inspection) open(t *Together) (*probe.Prober, error) {
	if t == nil {
		return probe.Open(in.hosts)
	}
	var names []string
	for _, h := range in.topology.Hosts {
		names = append(names, h.Name)
	}
	return probe.OpenTogether(in.hosts, t.Key, names)
}

// isFar reports whether packets from one host to the other are tested elsewhere, or, as
// their hosts do not answer each other, nowhere.
func (in *inspection) isFar(from, to string, t *Together) bool {
	return slices.Contains(in.far, from) || t == nil && slices.Contains(in.far, to)
}

// leaks judges what has arrived here from other sites.
func (in *inspection) leaks(arrived []probe.Arrival) []status.HostPair {
	all := make([]verify.Arrival, 0, len(arrived))
	for _, a := range arrived {
		if slices.Contains(in.far, a.From) {
			all = append(all, verify.Arrival(a))
		}
	}
	return verify.Leaks(in.matrix, all)
}

// Merge makes one list of the rows that several sites have found together.
func Merge(rows []status.HostPair) []status.HostPair { return verify.Merge(rows) }
