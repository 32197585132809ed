package gate

import (
	"encoding/binary"
	"slices"
)

// update is a parsed UPDATE message.
type update struct {
	withdrawn []route // of IPv4, in their own field
	routes    []route // the same
	strange   []route // of these, those that the receiver cannot be shown
	forgotten []route // and of these, those that are not even kept
	attrs     []attribute
	reach     *mpRoutes
	unreach   *mpRoutes

	rewritten   bool // it is not passed on as it came
	added       bool // attributes are longer than they came
	asWithdrawn bool // treat as withdraw (RFC 7606 section 2)
	exotic      bool // it has attributes that must be tried with the receiver's parser
	faults      []Fault
}

// mpRoutes is an MP_REACH_NLRI or MP_UNREACH_NLRI attribute (RFC 4760).
type mpRoutes struct {
	attribute
	family  Family
	head    []byte  // what precedes the routes
	routes  []route // those that the receiver can be shown
	strange []route // the others

	forgotten []route // and of these, those that are not even kept
}

// end reports whether the attribute came without routes, as in an end of RIB
// (RFC 4724).
func (m *mpRoutes) end() bool { return len(m.routes)+len(m.strange) == 0 }

// size returns how many routes the message announces and withdraws.
func (u *update) size() int {
	n := len(u.withdrawn) + len(u.routes) + len(u.strange)
	for _, m := range []*mpRoutes{u.reach, u.unreach} {
		if m != nil {
			n += len(m.routes) + len(m.strange)
		}
	}
	return n
}

func updateError(subcode uint8, data []byte) *Notification {
	return &Notification{Code: CodeUpdate, Subcode: subcode, Data: data}
}

// parseUpdate parses an UPDATE whose header has been checked. Errors in single
// attributes are recorded in it; an error that hides the routes ends the session.
func (j *Judge) parseUpdate(msg []byte) (*update, *Notification) {
	u := &j.scratch
	*u = update{withdrawn: u.withdrawn[:0], routes: u.routes[:0], attrs: u.attrs[:0]}
	b := msg[headerLength:]
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n+2 {
		return nil, updateError(updateAttributeList, nil)
	}
	withdrawn, b := b[2:2+n], b[2+n:]
	n = int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return nil, updateError(updateAttributeList, nil)
	}
	attrs, routes := b[2:2+n], b[2+n:]
	var ok [2]bool
	u.withdrawn, ok[0] = parseRoutes(IPv4, withdrawn, j.shape.numbered[IPv4], u.withdrawn)
	u.routes, ok[1] = parseRoutes(IPv4, routes, j.shape.numbered[IPv4], u.routes)
	if !ok[0] || !ok[1] {
		return nil, updateError(updateNetwork, nil)
	}
	if !j.families[IPv4] && len(u.withdrawn)+len(u.routes) > 0 {
		u.fault(FaultFamily, "IPv4 routes, which are not negotiated")
		u.withdrawn, u.routes, u.rewritten = u.withdrawn[:0], u.routes[:0], true
	}
	if refused := j.parseAttributes(u, attrs); refused != nil {
		return nil, refused
	}
	u.arrange()
	u.mandatory()
	j.firstAS(u)
	u.announceLast()
	if why := j.looped(u); why != 0 && !u.asWithdrawn {
		u.exclude(why)
	}
	j.prependLocal(u)
	j.nameOriginator(u)
	u.checkRoom()
	return u, nil
}

func (j *Judge) parseAttributes(u *update, b []byte) *Notification {
	var seen [256]bool
	for len(b) > 0 {
		a, rest, ok := cutAttribute(b)
		if !ok {
			// What follows cannot be found (RFC 7606 section 4). Without other
			// routes it may include an MP_REACH_NLRI.
			if u.reach == nil && u.unreach == nil && len(u.routes)+len(u.withdrawn) == 0 {
				return updateError(updateAttributeList, nil)
			}
			u.takeAsWithdrawn("an attribute runs over the end of the attributes")
			return nil
		}
		b = rest
		mp := a.kind == attrReach || a.kind == attrUnreach
		switch {
		case seen[a.kind] && mp:
			return updateError(updateAttributeList, nil)
		case seen[a.kind]:
			u.fault(FaultDiscarded, "attribute %d appears twice", a.kind)
			u.rewritten = true
			continue
		}
		seen[a.kind] = true
		if mp {
			if refused := j.parseMP(u, a); refused != nil {
				return refused
			}
			continue
		}
		if refused := j.judgeAttribute(u, a); refused != nil {
			return refused
		}
	}
	return nil
}

func (j *Judge) judgeAttribute(u *update, a attribute) *Notification {
	r, known := rules[a.kind]
	if !known {
		switch {
		case a.flags&flagOptional == 0:
			return updateError(updateUnknownWellKnown, a.raw)
		case a.flags&flagTransitive == 0: // it is ignored and not passed on
			u.rewritten = true
			return nil
		}
		u.passOn(a)
		return nil
	}
	switch r.judge(&j.shape, a) {
	case keep:
		u.keep(a)
	case drop:
		u.rewritten = true
		if !r.internal && !r.as2 {
			u.fault(FaultDiscarded, "attribute %d is malformed and was removed", a.kind)
		}
	case withdraw:
		if a.kind == attrNextHop && len(u.routes) == 0 { // nobody's (RFC 4760 section 3)
			u.rewritten = true
			return nil
		}
		u.takeAsWithdrawn("attribute %d is malformed", a.kind)
	}
	return nil
}

// passOn keeps an attribute that nobody here recognizes, and says so in it (RFC
// 4271 section 5).
func (u *update) passOn(a attribute) {
	a.raw[0] |= flagPartial
	u.keep(a)
}

func (u *update) keep(a attribute) {
	if a.kind == attrLargeCommunities {
		var marked bool
		if a, marked = unmarked(a); marked {
			u.rewritten = true
			if len(a.value) == 0 {
				return
			}
		}
	}
	a.clean()
	u.exotic = u.exotic || !a.plain()
	u.attrs = append(u.attrs, a)
}

// parseMP reads the routes of an MP_REACH_NLRI or MP_UNREACH_NLRI.
func (j *Judge) parseMP(u *update, a attribute) *Notification {
	head := 3
	if a.kind == attrReach {
		if len(a.value) < 5 || len(a.value) < 5+int(a.value[3]) {
			return updateError(updateOptional, a.raw)
		}
		head = 5 + int(a.value[3])
	}
	if len(a.value) < head {
		return updateError(updateOptional, a.raw)
	}
	f, known := familyOf(binary.BigEndian.Uint16(a.value), a.value[2])
	if !known || !j.families[f] {
		u.fault(FaultFamily, "routes of a family that is not negotiated (AFI %d, SAFI %d)", binary.BigEndian.Uint16(a.value), a.value[2])
		u.rewritten = true
		return nil
	}
	routes, ok := parseRoutes(f, a.value[head:], j.shape.numbered[f], nil)
	if !ok || a.kind == attrReach && !nextHopFits(f, int(a.value[3])) {
		return updateError(updateOptional, a.raw)
	}
	m := &mpRoutes{attribute: a, family: f, head: a.value[:head]}
	m.sort(routes)
	u.rewritten = u.rewritten || len(m.strange) > 0
	if a.flags&(flagOptional|flagTransitive) != nonTransitive {
		u.takeAsWithdrawn("attribute %d is malformed", a.kind)
	}
	a.clean()
	if a.kind == attrReach {
		a.value[head-1] = 0 // reserved
		u.reach = m
	} else {
		u.unreach = m
	}
	return nil
}

// sort puts the routes apart that the receiver cannot be shown. Of what the
// attribute says of the same route the last counts.
func (m *mpRoutes) sort(routes []route) {
	m.routes = routes
	announced := m.kind == attrReach
	isStrange := func(r route) bool { return r.alienIn(announced) != 0 }
	if !slices.ContainsFunc(routes, isStrange) {
		return
	}
	m.routes = nil
	last := make(map[key]int, len(routes))
	for i := range routes {
		last[routes[i].key(m.family)] = i
	}
	for i, r := range routes {
		if last[r.key(m.family)] != i {
			continue
		}
		if r.why = r.alienIn(announced); r.why != 0 {
			m.strange = append(m.strange, r)
		} else {
			m.routes = append(m.routes, r)
		}
	}
}

// nextHopFits reports whether a next hop may have n octets (RFC 4364, RFC 4659,
// RFC 2545, RFC 8950).
func nextHopFits(f Family, n int) bool {
	if f.vpn() {
		return slices.Contains([]int{12, 24, 48}, n)
	}
	return slices.Contains([]int{4, 16, 32}, n)
}
