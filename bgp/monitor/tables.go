package monitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/mrt"
)

type tableKey struct {
	family gate.Family
	nlri   string
}

// tableRecords encodes what peers have announced, by family and NLRI.
func tableRecords(at time.Time, r Router, vrf string, peers []*Peer) [][]byte {
	routes := map[tableKey][]mrt.Entry{}
	var index []mrt.Session
	for i, p := range peers {
		index = append(index, p.mrt())
		for _, e := range p.session.Tables.Routes() {
			k := tableKey{e.Family, e.NLRI}
			routes[k] = append(routes[k], mrt.Entry{Peer: uint16(i), Since: p.since, Attributes: e.Attributes})
		}
	}
	out := [][]byte{mrt.PeerIndexTable(at, r.ID, vrf, index)}
	sorted := slices.SortedFunc(maps.Keys(routes), func(a, b tableKey) int {
		return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.nlri, b.nlri))
	})
	for i, k := range sorted {
		afi, safi := k.family.Code()
		out = append(out, mrt.Route(at, uint32(i), afi, safi, []byte(k.nlri), routes[k]))
	}
	return out
}
