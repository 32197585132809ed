package gate

import "maps"

// RIBEntry is a path of a peer as MRT files have it (RFC 6396 section 4.3.4).
type RIBEntry struct {
	Family     Family
	NLRI       string
	Attributes []byte // with AS numbers of four octets; MP_REACH_NLRI has only the next hop
}

// Entries lists what the peer has announced, in no order. It may be called at any
// time, and holds nobody up.
func (j *Judge) Entries() []RIBEntry {
	r := &j.rib
	r.mu.RLock()
	paths := maps.Clone(r.paths)
	r.mu.RUnlock()
	list := make([]RIBEntry, 0, len(paths))
	encoded := make(map[*pathAttrs][]byte)
	for k, p := range paths {
		if p.labels > 1 {
			continue
		}
		attrs, ok := encoded[p.in]
		if !ok {
			attrs = p.in.wide(j.shape.as4)
			encoded[p.in] = attrs
		}
		k.id = pathID{} // the subtypes of RFC 6396 have none
		l := labelled{k, p.label}
		list = append(list, RIBEntry{Family: k.family, NLRI: string(l.appendNLRI(nil)), Attributes: attrs})
	}
	return list
}

// wide encodes the attributes with AS numbers of four octets, and the next hop of
// MP_REACH_NLRI among them.
func (a *pathAttrs) wide(as4 bool) []byte {
	var e edits
	if !as4 {
		e.remove(attrAS4Path)
		e.setASPath(a.decode(false).ASPath, true)
	}
	if a.hop != "" {
		e.set(nonTransitive, attrReach, append([]byte{uint8(len(a.hop))}, a.hop...))
	}
	return e.apply(a.raw)
}
