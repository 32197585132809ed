package gate

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"sync/atomic"

	"pseudowan/bgp/policy"
)

// What those need who watch sessions.

// Code returns the AFI and SAFI of the family.
func (f Family) Code() (afi uint16, safi uint8) {
	h := f.header()
	return binary.BigEndian.Uint16(h), h[2]
}

// Families lists the negotiated families that have routes. It must not be called before the peer's
// OPEN has been judged.
func (j *Judge) Families() []Family {
	var list []Family
	for f, on := range j.families {
		if on && Family(f) != RTC { // nobody is told of what sessions ask for
			list = append(list, Family(f))
		}
	}
	return list
}

// AS4 reports whether AS paths of the session have numbers of four octets. It must
// not be called before the peer's OPEN has been judged.
func (j *Judge) AS4() bool { return j.shape.as4 }

// EndOfRIB returns the message that ends the routes of a family (RFC 4724).
func EndOfRIB(f Family) []byte {
	if f == IPv4 {
		return appendUpdate(nil, nil, nil, nil)
	}
	return endOfRIB(f)
}

func appendEnds(out []byte, families []Family) []byte {
	for _, f := range families {
		out = append(out, EndOfRIB(f)...)
	}
	return out
}

// Updates calls yield with the UPDATE messages among whole messages, without marks
// of this router, and without what the ends of a session ask each other for (RFC 4684).
func Updates(msgs []byte, yield func(update []byte)) {
	for len(msgs) >= headerLength {
		var msg []byte
		if msg, msgs = Cut(msgs); len(msg) >= headerLength+4 && msg[18] == typeUpdate && !aboutMemberships(msg) {
			yield(withoutMarks(msg))
		}
	}
}

// aboutMemberships reports whether an UPDATE message is about memberships.
func aboutMemberships(msg []byte) bool {
	body := msg[headerLength:]
	n := length(body)
	if n > 0 || len(body) < 4 {
		return false
	}
	for b := body[4:]; len(b) > 0; {
		a, rest, ok := cutAttribute(b)
		if !ok {
			return false
		}
		if (a.kind == attrReach || a.kind == attrUnreach) && len(a.value) >= afiLength {
			f, known := familyOf(uint16(length(a.value)), a.value[2])
			return known && f == RTC
		}
		b = rest
	}
	return false
}

// withoutMarks removes marks from an UPDATE message of this router.
func withoutMarks(msg []byte) []byte {
	if !bytes.Contains(msg[headerLength:], []byte{0xff, 0xff, 0xff, 0xff, 0, 0}) {
		return msg
	}
	body := msg[headerLength:]
	n := length(body)
	if len(body) < 4+n {
		return msg
	}
	withdrawn, attrs := body[2:2+n], body[4+n:]
	if n = length(body[2+n:]); len(attrs) < n {
		return msg
	}
	attrs, routes := attrs[:n], attrs[n:]
	var kept []byte
	for len(attrs) > 0 {
		a, rest, ok := cutAttribute(attrs)
		if !ok {
			return msg
		}
		attrs = rest
		if a.kind == attrLargeCommunities {
			if a, _ = unmarked(a); len(a.value) == 0 {
				continue
			}
		}
		kept = append(kept, a.raw...)
	}
	return appendUpdate(nil, withdrawn, kept, routes)
}

// OpenFor returns the OPEN of a speaker that has no session: of a local table.
func OpenFor(as uint32, id netip.Addr, families ...Family) []byte {
	o := Open{AS: as, ID: id}
	for _, f := range families {
		h := f.header()
		o.capabilities = append(o.capabilities, capMultiprotocol, 4, h[0], h[1], 0, h[2])
	}
	o.capabilities = binary.BigEndian.AppendUint32(append(o.capabilities, capAS4, 4), as)
	return o.message()
}

// Composer encodes routes that no session has, with 4-octet AS numbers.
type Composer struct {
	pool   pool
	bundle bundle
}

// Announce adds a route. Its attributes are those of the path; extra are further
// ones, encoded.
func (c *Composer) Announce(p policy.Path, extra []byte) {
	k := keyOf(p)
	var e edits
	e.set(wellKnown, attrOrigin, []byte{uint8(p.Origin)})
	e.setASPath(p.ASPath, true)
	hop := e.setHop(k.family, p.NextHop)
	blank := pathAttrs{raw: string(e.apply(string(extra)))}
	before := policy.Path{Origin: p.Origin, ASPath: p.ASPath, NextHop: p.NextHop}
	raw, _ := blank.rewrite(k.family, &before, &p, true)
	if c.pool == nil {
		c.pool = make(pool)
	}
	if a := c.pool.get(raw, hop); a.fits() {
		c.bundle.announce(labelled{key: k}, a)
	}
}

// Withdraw adds the withdrawal of a route.
func (c *Composer) Withdraw(p policy.Path) { c.bundle.withdraw(keyOf(p)) }

// Messages encodes what has been added as UPDATE messages, and forgets it.
func (c *Composer) Messages() []byte {
	out := c.bundle.appendMessages(nil)
	*c = Composer{}
	return out
}

func keyOf(p policy.Path) key {
	k := key{rd: p.RD.Bytes(), bits: uint8(p.Prefix.Bits())}
	for f, name := range familyNames {
		if name == p.Family {
			k.family = Family(f)
		}
	}
	copy(k.prefix[:], p.Prefix.Masked().Addr().AsSlice())
	return k
}

// loops counts paths that have passed this router before, and UPDATEs that were
// treated as withdraw (RFC 7606).
type loops struct{ as, originator, cluster, withdrawn atomic.Uint64 }

func (l *loops) note(paths []StrangePath, u *update) {
	if u.asWithdrawn {
		l.withdrawn.Add(1)
	}
	if len(paths) == 0 {
		return
	}
	lists := [][]route{u.strange}
	if u.reach != nil {
		lists = append(lists, u.reach.strange)
	}
	for _, routes := range lists {
		for i := range routes {
			switch routes[i].why {
			case alienPath:
				l.as.Add(1)
			case alienOriginator:
				l.originator.Add(1)
			case alienCluster:
				l.cluster.Add(1)
			}
		}
	}
}

// Counts are counters of a session.
type Counts struct {
	Rejected                               uint64 // by the import policy
	ASLoops, OriginatorLoops, ClusterLoops uint64
	AsWithdrawn                            uint64            // UPDATEs that were treated as withdraw
	In                                     map[Family]uint64 // paths of the Adj-RIB-In
}

// Counts returns the counters of the session. It may be called at any time.
func (j *Judge) Counts() Counts {
	c := Counts{ASLoops: j.loops.as.Load(), OriginatorLoops: j.loops.originator.Load(), ClusterLoops: j.loops.cluster.Load(), AsWithdrawn: j.loops.withdrawn.Load(), In: make(map[Family]uint64)}
	j.rib.mu.RLock()
	defer j.rib.mu.RUnlock()
	c.Rejected = j.rib.rejections
	for k := range j.rib.paths {
		c.In[k.family]++
	}
	return c
}

// FamilyCounts returns how many routes of each family the peer has been told, and
// would have been without the export policy. It may be called at any time.
func (e *Editor) FamilyCounts() (told, before map[Family]uint64) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return countFamilies(e.told), countFamilies(e.before)
}

func countFamilies(paths map[key]outPath) map[Family]uint64 {
	n := make(map[Family]uint64)
	for k, p := range paths {
		if !p.held && k.family != RTC {
			n[k.family]++
		}
	}
	return n
}

// CountRoutes counts the routes that well-formed UPDATE messages announce.
func CountRoutes(msgs []byte) map[Family]uint64 {
	n := make(map[Family]uint64)
	Updates(msgs, func(u []byte) {
		var s sent
		if s.split(u, &shape{as4: true, internal: true}) == nil {
			for i := range s.reach {
				n[s.reach[i].key.family]++
			}
		}
	})
	return n
}
