package gate

// pathAttrs are the attributes that several paths have in common. The attributes are
// never changed.
type pathAttrs struct {
	raw  string // attributes in their order, without those of RFC 4760
	hop  string // the next hop of MP_REACH_NLRI; "" where raw has a NEXT_HOP
	refs int

	rank    *rank // nil: not known yet
	tried   form  // routes of these forms have been announced with them, and the receiver has read them
	Meaning any   // what the follower of a Judge has made of them; see Shown

	asked  uint32 // the number of the interest to which wanted belongs
	wanted bool   // the peer asks for routes with these attributes
}

// pool keeps equal attributes once.
type pool map[poolKey]*pathAttrs

type poolKey struct{ raw, hop string }

// get returns the attributes with one more reference.
func (p pool) get(raw, hop []byte) *pathAttrs {
	a := p[poolKey{string(raw), string(hop)}]
	if a == nil {
		a = &pathAttrs{raw: string(raw), hop: string(hop)}
		p[poolKey{a.raw, a.hop}] = a
	}
	a.refs++
	return a
}

// share returns a, which is in the pool, with one more reference.
func (a *pathAttrs) share() *pathAttrs {
	a.refs++
	return a
}

// release gives a reference back.
func (p pool) release(a *pathAttrs) {
	if a == nil {
		return
	}
	if a.refs--; a.refs == 0 {
		delete(p, poolKey{a.raw, a.hop})
	}
}

// fits reports whether a message has room for the attributes and a route.
func (a *pathAttrs) fits() bool { return a.room() >= longestRoute }

// room is how many octets of routes fit into a message beside the attributes.
func (a *pathAttrs) room() int {
	const fixed = headerLength + 4
	n := maxLength - fixed - len(a.raw)
	if a.hop != "" {
		n -= mpHeader + 5 + len(a.hop)
	}
	return n
}

const (
	mpHeader     = 4                                            // flags, type and length of an attribute
	longestRoute = pathIDLength + 1 + (labelBits+rdBits)/8 + 16 // octets of an NLRI with one label
	withdrawRoom = maxLength - headerLength - 4                 // octets of routes in a message that withdraws
	unreachRoom  = withdrawRoom - mpHeader - afiLength          // the same of MP_UNREACH_NLRI
	afiLength    = 3                                            // octets of AFI and SAFI
)
