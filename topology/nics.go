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
	for _, s := range t.Segments {
		if s.NIC != "" {
			known[s.NIC] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !known[name] {
			if len(known) == 0 {
				return refused("nic "+name, "the lab has no link or segment with a NIC", "leave --nic out")
			}
			return refused("nic "+name, "the lab has no link or segment with this NIC", "name one of "+strings.Join(slices.Sorted(maps.Keys(known)), ", ")+" with --nic")
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
	for i := range t.Segments {
		s := &t.Segments[i]
		if to := names[s.NIC]; to != "" {
			s.NIC = to
		}
		if other := lent[s.NIC]; s.NIC != "" && other != "" {
			return refused("nic "+s.NIC, fmt.Sprintf("would be lent to %s and be a port of segment %s", other, s.Name), "name another one with --nic")
		}
		lent[s.NIC] = "segment " + s.Name
	}
	return nil
}
