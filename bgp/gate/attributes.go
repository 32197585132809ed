package gate

import "encoding/binary"

// Path attributes that the gate knows.
const (
	attrOrigin           = 1
	attrASPath           = 2
	attrNextHop          = 3
	attrMED              = 4
	attrLocalPref        = 5
	attrAtomicAggregate  = 6
	attrAggregator       = 7
	attrCommunities      = 8
	attrOriginatorID     = 9
	attrClusterList      = 10
	attrReach            = 14
	attrUnreach          = 15
	attrExtCommunities   = 16
	attrAS4Path          = 17
	attrAS4Aggregator    = 18
	attrAIGP             = 26
	attrLinkState        = 29
	attrLargeCommunities = 32
	attrPrefixSID        = 40
)

const (
	flagOptional   = 0x80
	flagTransitive = 0x40
	flagPartial    = 0x20
	flagLength     = 0x10

	wellKnown     = flagTransitive
	nonTransitive = flagOptional
	transitive    = flagOptional | flagTransitive
)

// attribute is one path attribute of a message.
type attribute struct {
	kind  uint8
	flags uint8
	raw   []byte
	value []byte
}

// cutAttribute splits off the first attribute; ok is false if it exceeds b.
func cutAttribute(b []byte) (a attribute, rest []byte, ok bool) {
	if len(b) < 3 {
		return a, nil, false
	}
	n, head := int(b[2]), 3
	if b[0]&flagLength != 0 {
		if len(b) < 4 {
			return a, nil, false
		}
		n, head = int(binary.BigEndian.Uint16(b[2:])), 4
	}
	if len(b) < head+n {
		return a, nil, false
	}
	size := head + n
	return attribute{b[1], b[0], b[:size:size], b[head:size:size]}, b[size:], true
}

// verdict is what to do with an attribute, or with its message.
type verdict uint8

const (
	keep     verdict = iota
	drop             // remove the attribute (RFC 7606 section 2, attribute discard)
	withdraw         // treat the message as withdraw (RFC 7606 section 2)
)

// rule is what an attribute has to be, and what happens where it is not. Wrong
// flags have the routes withdrawn (RFC 7606 section 3 c), unless the attribute's
// own RFC has it removed.
type rule struct {
	flags    uint8 // of optional and transitive
	wrong    verdict
	lenient  bool // wrong flags remove the attribute, too
	internal bool // it means nothing from an external peer, and is removed
	as2      bool // it means nothing from a peer with 4-octet AS numbers, and is removed (RFC 6793 section 3)
	fits     func(s *shape, value []byte) bool
}

// shape is what the form of attributes depends on.
type shape struct {
	internal bool
	as4      bool
	numbered [families]bool // families whose routes have path identifiers
}

func octets(n int) func(*shape, []byte) bool {
	return func(_ *shape, v []byte) bool { return len(v) == n }
}

func multipleOf(n int) func(*shape, []byte) bool {
	return func(_ *shape, v []byte) bool { return len(v) > 0 && len(v)%n == 0 }
}

// rules are those of RFC 7606 section 7, and of the RFCs of later attributes.
var rules = map[uint8]rule{
	attrOrigin:           {flags: wellKnown, wrong: withdraw, fits: func(_ *shape, v []byte) bool { return len(v) == 1 && v[0] <= 2 }},
	attrASPath:           {flags: wellKnown, wrong: withdraw, fits: fitsASPath},
	attrNextHop:          {flags: wellKnown, wrong: withdraw, fits: fitsNextHop},
	attrMED:              {flags: nonTransitive, wrong: withdraw, fits: octets(4)},
	attrLocalPref:        {flags: wellKnown, wrong: withdraw, internal: true, fits: octets(4)},
	attrAtomicAggregate:  {flags: wellKnown, wrong: drop, fits: octets(0)},
	attrAggregator:       {flags: transitive, wrong: drop, fits: fitsAggregator},
	attrCommunities:      {flags: transitive, wrong: withdraw, fits: multipleOf(4)},
	attrOriginatorID:     {flags: nonTransitive, wrong: withdraw, internal: true, fits: octets(4)},
	attrClusterList:      {flags: nonTransitive, wrong: withdraw, internal: true, fits: multipleOf(4)},
	attrExtCommunities:   {flags: transitive, wrong: withdraw, fits: multipleOf(8)},
	attrAS4Path:          {flags: transitive, wrong: drop, as2: true, fits: fitsAS4Path},
	attrAS4Aggregator:    {flags: transitive, wrong: drop, as2: true, fits: fitsAS4Aggregator},
	attrAIGP:             {flags: nonTransitive, wrong: drop, lenient: true, fits: fitsAIGP},                                   // RFC 7311 section 3.4
	attrLinkState:        {flags: nonTransitive, wrong: drop, lenient: true, fits: func(*shape, []byte) bool { return false }}, // of a family that is never negotiated
	attrLargeCommunities: {flags: transitive, wrong: withdraw, fits: multipleOf(12)},
	attrPrefixSID:        {flags: transitive, wrong: drop, lenient: true, fits: fitsPrefixSID}, // RFC 8669 section 6
}

// plain reports whether the gate checks the attribute in full. Others must be
// tried with the receiver's own parser.
func (a attribute) plain() bool {
	switch a.kind {
	case attrPrefixSID, attrAIGP, attrAS4Path, attrAS4Aggregator:
		return false
	}
	_, known := rules[a.kind]
	return known || a.kind == attrReach || a.kind == attrUnreach
}

func (r rule) judge(s *shape, a attribute) verdict {
	switch {
	case r.internal && !s.internal, r.as2 && s.as4:
		return drop
	case a.flags&(flagOptional|flagTransitive) != r.flags && !r.lenient:
		return withdraw
	case a.flags&(flagOptional|flagTransitive) != r.flags, !r.fits(s, a.value):
		return r.wrong
	}
	return keep
}

// clean clears the flags that a receiver ignores: the unused ones, and the
// partial bit where it is not allowed (RFC 4271 section 4.3).
func (a attribute) clean() {
	a.raw[0] &= flagOptional | flagTransitive | flagPartial | flagLength
	if a.raw[0]&transitive != transitive {
		a.raw[0] &^= flagPartial
	}
}

func fitsASPath(s *shape, v []byte) bool {
	if s.as4 {
		return segments(v, 4)
	}
	return segments(v, 2)
}

func fitsAS4Path(_ *shape, v []byte) bool { return len(v) > 0 && segments(v, 4) }

// segments reports whether an AS path consists of complete segments, none of them
// empty or of a confederation (RFC 5065), as the router is in none. AS 0 must not
// be in it (RFC 7607 section 2).
func segments(v []byte, width int) bool {
	for len(v) > 0 {
		if len(v) < 2 || v[0] != 1 && v[0] != 2 || v[1] == 0 || len(v) < 2+int(v[1])*width {
			return false
		}
		end := 2 + int(v[1])*width
		for as := v[2:end]; len(as) > 0; as = as[width:] {
			if isZero(as[:width]) {
				return false
			}
		}
		v = v[end:]
	}
	return true
}

func isZero(b []byte) bool {
	for _, o := range b {
		if o != 0 {
			return false
		}
	}
	return true
}

// fitsNextHop reports whether v is a valid host address (RFC 4271 section 6.3).
func fitsNextHop(_ *shape, v []byte) bool {
	return len(v) == 4 && v[0] != 0 && v[0] < 224
}

// fitsAggregator refuses AS 0, too (RFC 7607 section 2).
func fitsAggregator(s *shape, v []byte) bool {
	width := 2
	if s.as4 {
		width = 4
	}
	return len(v) == width+4 && !isZero(v[:width])
}

func fitsAS4Aggregator(_ *shape, v []byte) bool { return len(v) == 8 && !isZero(v[:4]) }

// fitsAIGP reports whether v consists of complete TLVs, the first of which is the
// metric (RFC 7311).
func fitsAIGP(_ *shape, v []byte) bool {
	for rest := v; len(rest) > 0; {
		if len(rest) < 3 {
			return false
		}
		n := int(binary.BigEndian.Uint16(rest[1:]))
		if n < 3 || n > len(rest) || rest[0] == 1 && n != 11 {
			return false
		}
		rest = rest[n:]
	}
	return len(v) > 0 && v[0] == 1
}

// tlvs calls f with each TLV of a one-octet type and a two-octet length. It
// reports whether they fill b and f accepted all of them.
func tlvs(b []byte, f func(kind uint8, value []byte) bool) bool {
	for len(b) > 0 {
		if len(b) < 3 {
			return false
		}
		n := 3 + int(binary.BigEndian.Uint16(b[1:]))
		if len(b) < n || !f(b[0], b[3:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}

// fitsPrefixSID reports whether v consists of complete TLVs, and whether those of
// RFC 8669 and RFC 9252 have their mandatory parts.
func fitsPrefixSID(_ *shape, v []byte) bool {
	const labelIndex, originatorSRGB, srv6L3, srv6L2 = 1, 3, 5, 6
	return len(v) > 0 && tlvs(v, func(kind uint8, value []byte) bool {
		switch kind {
		case labelIndex:
			return len(value) == 7
		case originatorSRGB:
			return len(value) >= 8 && (len(value)-2)%6 == 0
		case srv6L3, srv6L2:
			return len(value) >= 1 && tlvs(value[1:], fitsSRv6)
		}
		return true
	})
}

// fitsSRv6 reports whether a service sub-TLV is valid: a SID, and its structure
// (RFC 9252 section 3).
func fitsSRv6(kind uint8, value []byte) bool {
	const sid, structure = 1, 1
	if kind != sid {
		return true
	}
	return len(value) >= 21 && tlvs(value[21:], func(kind uint8, value []byte) bool {
		return kind != structure || len(value) == 6
	})
}
