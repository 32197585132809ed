package gate

import "pseudowan/bgp/vpn"

// interest is what a peer asks for, in a form that is fast to ask: the route target
// of a membership, by the number of its bits.
type interest struct {
	all    bool
	byBits [membershipBits - asBits + 1]map[[8]byte]struct{}
}

func newInterest(list map[Membership]Reflection) *interest {
	in := &interest{}
	for m := range list {
		if m.Bits <= asBits {
			in.all = true
			continue
		}
		n := m.Bits - asBits
		if in.byBits[n] == nil {
			in.byBits[n] = make(map[[8]byte]struct{})
		}
		in.byBits[n][masked(m.Target, int(n))] = struct{}{}
	}
	return in
}

// masked keeps the first bits of a route target.
func masked(t [8]byte, bits int) [8]byte {
	for i := range t {
		switch left := bits - 8*i; {
		case left <= 0:
			t[i] = 0
		case left < 8:
			t[i] &= 0xff << (8 - left)
		}
	}
	return t
}

// wants reports whether a route with these attributes is asked for.
func (in *interest) wants(raw string) bool {
	if in.all {
		return true
	}
	for b := []byte(raw); len(b) > 0; {
		a, rest, ok := cutAttribute(b)
		if !ok {
			return false
		}
		b = rest
		if a.kind != attrExtCommunities {
			continue
		}
		for v := a.value; len(v) >= 8; v = v[8:] {
			if _, ok := vpn.RouteTargetFromBytes([8]byte(v)); ok && in.has([8]byte(v)) {
				return true
			}
		}
	}
	return false
}

func (in *interest) has(t [8]byte) bool {
	for n, set := range in.byBits {
		if set == nil {
			continue
		}
		if _, ok := set[masked(t, n)]; ok {
			return true
		}
	}
	return false
}

// constraint is what an editor knows of route target constraint.
type constraint struct {
	on       bool // both ends have it
	greeted  bool // the sender's first KEEPALIVE has passed
	up       bool // the session is established
	interest *interest
	number   uint32 // of the interest: what paths know of an older one does not count
	news     bool   // the interest is another than that which has been applied
	ended    bool   // the peer has said all that it asks for at first
	held     []byte // ends of RIB of VPN families, until then

	ours     map[Membership]Reflection // to be told
	oursNews bool
	oursEnd  bool // the peer has been told that it is told all
}

// SetInterest has the peer told the VPN routes that it asks for, and no others. end
// says that it has asked for all that it asks for at first. It may be called from
// any goroutine; Speak does it.
func (e *Editor) SetInterest(list map[Membership]Reflection, end bool) {
	in := newInterest(list)
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &e.constraint
	c.interest, c.news, c.ended = in, true, c.ended || end
	c.number++
}

// Size is how many routes the editor knows of. It may be called at any time.
func (e *Editor) Size() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.told)
}

// SetMemberships has the peer told what the router asks for. It may be called from
// any goroutine; Speak does it.
func (e *Editor) SetMemberships(list map[Membership]Reflection) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.constraint.ours, e.constraint.oursNews = list, true
}

// Asked returns what the peer has been asked for. It may be called at any time.
func (e *Editor) Asked() []Membership {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var list []Membership
	for k := range e.told {
		if k.family == RTC {
			list = append(list, k.membership())
		}
	}
	return list
}

// Established takes note that the session is established. It may be called from any
// goroutine.
func (e *Editor) Established() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.constraint.up = true
}

// Speak appends what follows from changes of interests at both ends. It belongs to
// the goroutine of Edit.
func (e *Editor) Speak(out []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &e.constraint
	if e.paths.news {
		out = e.flush(out)
	}
	if !c.on || !c.up || !c.greeted || !c.news && !c.oursNews {
		return out
	}
	if c.oursNews {
		c.oursNews = false
		e.queueMemberships()
		out = e.flush(out)
		if !c.oursEnd { // RFC 4684 section 6
			c.oursEnd = true
			out = append(out, endOfRIB(RTC)...)
			e.ended[RTC] = true
		}
	}
	if c.news {
		c.news = false
		e.queueConstrained()
		out = e.flush(out)
		if c.ended {
			out = append(out, c.held...)
			c.held = nil
			for f := range e.ended {
				e.ended[f] = e.ended[f] || e.heldEnd[f]
			}
		}
	}
	return out
}

// endOfRIB is the end of RIB of a family of RFC 4760 (RFC 4724 section 2).
func endOfRIB(f Family) []byte {
	return appendUpdate(nil, nil, appendMP(nil, attrUnreach, f.header(), nil), nil)
}

// queueMemberships notes how what the router asks for differs from what the peer
// has been asked.
func (e *Editor) queueMemberships() {
	for k := range e.told {
		if _, wanted := e.constraint.ours[k.membership()]; k.family == RTC && !wanted {
			e.queueOne(change{key: k})
		}
	}
	hop := hopOf(RTC, e.cfg.Local)
	for m, r := range e.constraint.ours {
		attrs := e.pool.get(e.membershipAttributes(r), hop)
		if !attrs.fits() { // it has come by way of too many clusters
			e.pool.release(attrs)
			attrs = nil
		}
		e.queueOne(change{key: m.key(), outPath: outPath{attrs: attrs}})
	}
}

// membershipAttributes are those of a membership of the router, or of one that it
// reflects.
func (e *Editor) membershipAttributes(r Reflection) []byte {
	var ed edits
	ed.set(wellKnown, attrOrigin, []byte{0})
	var path vpn.ASPath
	if e.cfg.External {
		as := e.cfg.LocalAS
		if e.cfg.AS.Local != 0 {
			as = e.cfg.AS.Local
		}
		path = vpn.ASPath{{Kind: vpn.ASSequence, AS: []uint32{as}}}
	} else {
		ed.set(wellKnown, attrLocalPref, []byte{0, 0, 0, 100})
		ed.set(nonTransitive, attrClusterList, []byte(r.Clusters))
		if r.Originator.IsValid() {
			ed.set(nonTransitive, attrOriginatorID, r.Originator.AsSlice())
		}
	}
	ed.setASPath(path, e.shape.as4)
	return ed.apply("")
}

// queueConstrained notes routes that the peer has come to ask for, or no longer asks
// for.
func (e *Editor) queueConstrained() {
	for k, p := range e.told {
		if _, waits := e.places[k]; !waits && e.wanted(&k, p.attrs) == p.held {
			e.queueOne(change{key: k, outPath: outPath{attrs: p.attrs.share(), label: p.label}})
		}
	}
}

// wanted reports whether the peer asks for a route.
func (e *Editor) wanted(k *key, a *pathAttrs) bool {
	c := &e.constraint
	switch {
	case !c.on || !k.family.vpn():
		return true
	case c.interest == nil:
		return false
	case a.asked != c.number:
		a.asked, a.wanted = c.number, c.interest.wants(a.raw)
	}
	return a.wanted
}
