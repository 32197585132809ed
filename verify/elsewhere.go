package verify

import (
	"net/netip"
	"slices"

	"pseudowan/status"
)

// Arrival is a request of a host that runs elsewhere, at a host that runs here.
type Arrival struct {
	From, To    string
	Destination netip.Addr
}

// Leaks judges the requests that have arrived from elsewhere, where nobody knows of it
// unless they are answered. pairs are those of all hosts.
func Leaks(pairs []Pair, arrived []Arrival) (rows []status.HostPair) {
	at := map[[2]string]int{}
	for i, p := range pairs {
		at[[2]string{p.From, p.To}] = i
	}
	for _, a := range arrived {
		i, known := at[[2]string{a.From, a.To}]
		if !known {
			continue
		}
		p := pairs[i]
		if !slices.Contains(p.Never, a.Destination) || slices.Contains(p.OneWay, a.Destination) {
			continue
		}
		rows = append(rows, status.HostPair{
			From: p.From, To: p.To, Expected: p.Expected(), Result: status.Different, Via: []string{}, CannotTell: []string{},
			Differences: []status.Difference{{Destination: a.Destination, Seen: leakSeen(p.To)}},
		})
	}
	return rows
}

// Merge puts what Leaks has found at one site into the rows of another, which has tested the
// pair. Of an address, the latter counts: the host that has sent the request knows more.
func Merge(rows []status.HostPair) (out []status.HostPair) {
	isLeak := func(r status.HostPair) bool {
		return r.Rule == "" && r.Tested+r.Inferred+r.Open == 0 && r.Result == status.Different
	}
	at := map[[2]string]int{}
	for _, r := range rows {
		if isLeak(r) {
			continue
		}
		if r.Rule == "" {
			at[[2]string{r.From, r.To}] = len(out)
		}
		out = append(out, r)
	}
	for _, r := range slices.DeleteFunc(slices.Clone(rows), func(r status.HostPair) bool { return !isLeak(r) }) {
		i, known := at[[2]string{r.From, r.To}]
		if !known {
			at[[2]string{r.From, r.To}] = len(out)
			out = append(out, r)
			continue
		}
		for _, d := range r.Differences {
			is := func(o status.Difference) bool { return o.Destination == d.Destination }
			if !slices.ContainsFunc(out[i].Differences, is) {
				out[i].Differences = append(out[i].Differences, d)
				out[i].Result = status.Different
			}
		}
	}
	return out
}
