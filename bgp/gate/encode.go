package gate

import (
	"encoding/binary"
	"slices"
)

// messages encodes what is left of the update: one message, or more if routes of
// several families are withdrawn.
func (u *update) messages() []byte {
	if u.asWithdrawn {
		return u.withdrawals()
	}
	replaced := u.replaced()
	var attrs, fields []byte
	for _, a := range u.attrs {
		attrs = append(attrs, a.raw...)
	}
	if u.unreach != nil && (len(u.unreach.routes) > 0 || u.unreach.end()) {
		attrs = appendMP(attrs, attrUnreach, u.unreach.head, rawRoutes(u.unreach.routes))
	}
	if u.reach != nil && len(u.reach.routes) > 0 {
		attrs = appendMP(attrs, attrReach, u.reach.head, rawRoutes(u.reach.routes))
	}
	fields = rawRoutes(u.routes)
	switch whole := 4 + headerLength + len(attrs) + len(fields); {
	case !u.empty() && whole+rawLength(u.withdrawn) > maxLength:
		return u.announcements(u.withdrawalsAlone())
	case !u.empty():
		return appendUpdate(replaced, rawRoutes(u.withdrawn), attrs, fields)
	case len(replaced) > 0:
		return replaced
	}
	return Keepalive()
}

// announcements encodes what the update announces in as many messages as can hold
// it: with attributes that it did not come with, it may be too long for one.
func (u *update) announcements(out []byte) []byte {
	attrs := slices.Clip(u.rawAttributes())
	room := maxLength - headerLength - 4 - len(attrs)
	raw := func(r *route, b []byte) []byte { return append(b, r.raw...) }
	out = fill(out, u.routes, room, raw, func(out, nlri []byte) []byte { return appendUpdate(out, nil, attrs, nlri) })
	if m := u.reach; m != nil {
		out = fill(out, m.routes, room-mpHeader-len(m.head), raw, func(out, nlri []byte) []byte {
			return appendUpdate(out, nil, appendMP(attrs, attrReach, m.head, nlri), nil)
		})
	}
	return out
}

// withdrawalsAlone encodes what the update withdraws, without what it announces.
func (u *update) withdrawalsAlone() []byte {
	out := u.replaced()
	var attrs []byte
	if u.unreach != nil && (len(u.unreach.routes) > 0 || u.unreach.end()) {
		attrs = appendMP(nil, attrUnreach, u.unreach.head, rawRoutes(u.unreach.routes))
	}
	if len(u.withdrawn)+len(attrs) == 0 {
		return out
	}
	return appendUpdate(out, rawRoutes(u.withdrawn), attrs, nil)
}

// replaced withdraws the receiver's earlier versions of routes whose new versions
// it cannot be shown.
func (u *update) replaced() (out []byte) {
	if len(u.strange) > 0 {
		out = appendUpdate(out, rawRoutes(u.strange), nil, nil)
	}
	for _, m := range []*mpRoutes{u.unreach, u.reach} {
		if m == nil {
			continue
		}
		var list []byte
		for i := range m.strange {
			if r := &m.strange[i]; r.rd == nil || knownRD(r.rd) {
				list = r.appendWithdrawal(list, m.family)
			}
		}
		if len(list) > 0 {
			out = appendUpdate(out, nil, appendMP(nil, attrUnreach, m.family.header(), list), nil)
		}
	}
	return out
}

// empty reports whether nothing is left to pass on. As an UPDATE it could be
// mistaken for an end of RIB.
func (u *update) empty() bool {
	return len(u.withdrawn)+len(u.routes) == 0 && (u.reach == nil || len(u.reach.routes) == 0) &&
		(u.unreach == nil || len(u.unreach.routes) == 0 && !u.unreach.end())
}

// withdrawals encodes the withdrawal of every route of the message.
func (u *update) withdrawals() []byte {
	fields := append(rawRoutes(u.withdrawn), rawRoutes(u.routes)...)
	var lists [families][]byte
	for _, m := range []*mpRoutes{u.unreach, u.reach} {
		if m == nil {
			continue
		}
		for i := range m.routes {
			lists[m.family] = m.routes[i].appendWithdrawal(lists[m.family], m.family)
		}
	}
	var out []byte
	if len(fields) > 0 {
		out = appendUpdate(out, fields, nil, nil)
	}
	for f, list := range lists {
		if len(list) > 0 {
			out = appendUpdate(out, nil, appendMP(nil, attrUnreach, Family(f).header(), list), nil)
		}
	}
	out = append(out, u.replaced()...)
	if out == nil {
		return Keepalive()
	}
	return out
}

// rawLength is the length of routes in a message.
func rawLength(routes []route) (n int) {
	for i := range routes {
		n += len(routes[i].raw)
	}
	return n
}

func rawRoutes(routes []route) []byte {
	var b []byte
	for _, r := range routes {
		b = append(b, r.raw...)
	}
	return b
}

func appendMP(b []byte, kind uint8, head, routes []byte) []byte {
	n := len(head) + len(routes)
	if n > 255 {
		b = binary.BigEndian.AppendUint16(append(b, nonTransitive|flagLength, kind), uint16(n))
	} else {
		b = append(b, nonTransitive, kind, uint8(n))
	}
	return append(append(b, head...), routes...)
}

func appendUpdate(b, withdrawn, attrs, routes []byte) []byte {
	b = appendHeader(b, typeUpdate, 4+len(withdrawn)+len(attrs)+len(routes))
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(withdrawn))), withdrawn...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(attrs))), attrs...)
	return append(b, routes...)
}

// Update returns an UPDATE message that has only the attributes.
func Update(attrs []byte) []byte { return appendUpdate(nil, nil, attrs, nil) }
