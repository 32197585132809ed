package plan

import "pseudowan/topology"

// NICNames returns the names that the NICs of a topology have on this server: those
// given now, and for the others those that were given before. What the topology does
// not name any more is forgotten; a name that is given and not the topology's is
// kept, to be refused.
func NICNames(t *topology.Topology, before, given map[string]string) map[string]string {
	names := map[string]string{}
	for _, l := range t.Links {
		if name := before[l.NIC]; name != "" {
			names[l.NIC] = name
		}
	}
	for _, s := range t.Segments {
		if name := before[s.NIC]; name != "" {
			names[s.NIC] = name
		}
	}
	for name, nic := range given {
		names[name] = nic
	}
	return names
}
