package topology

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// LendNICs gives the NICs that the file names the names that they have on this
// server. A name that is not in the map stays. A name that the file does not have,
// and a NIC that would be lent twice, are
// refused.
func (t *Topology) LendNICs(names map[string]string) error {
	refused := func(element, message, remedy string) error {
		return Problems{{File: t.Source, Element: element, Message: message, Remedy: remedy}}
	}
	known := make(map[string]bool)
	for _, l := range t.Links {
		if l.NIC != "" {
			known[l.NIC] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !known[name] {
			if len(known) == 0 {
				return refused("nic "+name, "the lab has no link with a NIC", "leave --nic out")
			}
			return refused("nic "+name, "the lab has no link with this NIC", "name one of "+strings.Join(slices.Sorted(maps.Keys(known)), ", ")+" with --nic")
		}
		if badInterface(names[name]) != "" {
			return refused("nic "+name, fmt.Sprintf("%q is not the name of a network interface of a server", names[name]), "see ip link")
		}
	}
	lent := make(map[string]string)
	for i := range t.Links {
		l := &t.Links[i]
		if to := names[l.NIC]; to != "" {
			l.NIC = to
		}
		end := l.Ends[0].Router + ":" + l.Ends[0].Interface
		if other := lent[l.NIC]; l.NIC != "" && other != "" {
			return refused("nic "+l.NIC, fmt.Sprintf("would be lent to %s and to %s", other, end), "name another one with --nic")
		}
		lent[l.NIC] = end
	}
	return nil
}
