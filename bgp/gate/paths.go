package gate

import (
	"cmp"
	"encoding/binary"
	"slices"

	"pseudowan/bgp/vpn"
)

// paths are the paths to each prefix in families of which the peer takes several (RFC
// 7911). The sender has them all; the peer is told the best ones.
type paths struct {
	groups map[key][]uint32 // identifiers, by the key without one
	most   int              // that the peer is told of a prefix; 0: all
	news   bool             // most is another
}

// choosing is what has changed since the best paths were chosen.
type choosing struct {
	groups map[key]struct{}
	told   map[key]bool // paths that are others than before, and whether the peer has been told those
}

// SetPaths changes how many paths to a prefix the peer is told at most; 0: all. It may
// be called from any goroutine; Speak does it.
func (e *Editor) SetPaths(most int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.paths.news = e.paths.news || e.paths.most != most
	e.paths.most = most
}

// enter notes a path among others to its prefix.
func (e *Editor) enter(several *choosing, b *bundle, c change) {
	if several.groups == nil {
		several.groups, several.told = make(map[key]struct{}), make(map[key]bool)
	}
	before, known := e.told[c.key]
	told, group := known && !before.held, c.key
	group.id = pathID{}
	several.groups[group] = struct{}{}
	c.held = !told
	switch ids := e.paths.groups[group]; {
	case c.attrs == nil:
		delete(e.told, c.key)
		e.paths.groups[group] = slices.DeleteFunc(ids, func(id uint32) bool { return id == c.key.id.number })
		if told || e.loose && !known {
			b.withdraw(c.key)
		}
		e.account(c.key, told, false)
	default:
		if !known {
			e.paths.groups[group] = append(ids, c.key.id.number)
		}
		if before != c.outPath {
			several.told[c.key] = told
		}
		e.told[c.key] = c.outPath
	}
	e.pool.release(before.attrs)
}

// chooseAll has the peer told the best paths of prefixes.
func (e *Editor) chooseAll(several *choosing, b *bundle) {
	if e.paths.news {
		e.paths.news = false
		for group := range e.paths.groups {
			e.choose(group, several, b)
		}
		return
	}
	for group := range several.groups {
		e.choose(group, several, b)
	}
}

func (e *Editor) choose(group key, several *choosing, b *bundle) {
	ids := e.paths.groups[group]
	if len(ids) == 0 {
		delete(e.paths.groups, group)
		return
	}
	one := func(id uint32) key {
		k := group
		k.id = pathID{id, true}
		return k
	}
	slices.SortFunc(ids, func(a, b uint32) int {
		return cmp.Or(e.rankOf(e.told[one(a)].attrs).compare(e.rankOf(e.told[one(b)].attrs)), cmp.Compare(a, b))
	})
	n := 0
	for _, id := range ids {
		k := one(id)
		p := e.told[k]
		chosen := e.wanted(&k, p.attrs) && (e.paths.most == 0 || n < e.paths.most)
		told, changed := several.told[k]
		if !changed {
			told = !p.held
		}
		p.held = !chosen
		e.told[k] = p
		switch {
		case chosen && (changed || !told):
			b.announce(labelled{k, p.label}, p.attrs)
		case !chosen && told:
			b.withdraw(k)
		}
		if chosen {
			n++
		}
		e.account(k, told, chosen)
	}
}

// rank is how good a path is, as far as its attributes say (RFC 4271 section 9.1.2,
// RFC 4456 section 9).
type rank struct {
	pref, med  uint32
	length     int
	origin     vpn.Origin
	clusters   int
	originator uint32 // ORIGINATOR_ID; 0: the path has not been reflected
}

func (e *Editor) rankOf(a *pathAttrs) *rank {
	if a.rank != nil {
		return a.rank
	}
	p := a.decode(e.shape.as4)
	r := &rank{pref: 100, length: p.ASPath.Len(), origin: p.Origin}
	if p.LocalPref != nil {
		r.pref = *p.LocalPref
	}
	if p.MED != nil {
		r.med = *p.MED
	}
	for b := []byte(a.raw); len(b) > 0; {
		attr, rest, ok := cutAttribute(b)
		if !ok {
			break
		}
		b = rest
		switch attr.kind {
		case attrOriginatorID:
			r.originator = binary.BigEndian.Uint32(attr.value)
		case attrClusterList:
			r.clusters = len(attr.value)
		}
	}
	a.rank = r
	return r
}

func (r *rank) compare(o *rank) int {
	return cmp.Or(
		cmp.Compare(o.pref, r.pref), cmp.Compare(r.length, o.length), cmp.Compare(r.origin, o.origin), cmp.Compare(r.med, o.med),
		cmp.Compare(r.clusters, o.clusters), cmp.Compare(r.originator, o.originator))
}
