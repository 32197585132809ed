package gate

// labelled is a route and its label, which is zero in families that have none.
type labelled struct {
	key   key
	label [3]byte
}

// appendNLRI encodes the route.
func (l *labelled) appendNLRI(b []byte) []byte {
	k := &l.key
	b = k.id.append(b)
	if !k.family.hasLabel() {
		return append(append(b, k.bits), k.octets()...)
	}
	b = append(b, uint8(k.family.before())+k.bits, l.label[0], l.label[1], l.label[2])
	if k.family.vpn() {
		b = append(b, k.rd[:]...)
	}
	return append(b, k.octets()...)
}

// withdrawal is the route with the label of withdrawals (RFC 8277 section 2.4).
func (k key) withdrawal() labelled { return labelled{key: k, label: [3]byte{0x80}} }

func (k *key) octets() []byte { return k.prefix[:(int(k.bits)+7)/8] }

// appendReach encodes the announcement of routes of one family that have the
// same attributes, in as few messages as can hold them.
func appendReach(out []byte, f Family, a *pathAttrs, routes []labelled) []byte {
	if a.hop == "" {
		return fill(out, routes, a.room(), (*labelled).appendNLRI, func(out, nlri []byte) []byte { return appendUpdate(out, nil, []byte(a.raw), nlri) })
	}
	head := append(f.header(), uint8(len(a.hop)))
	head = append(append(head, a.hop...), 0)
	return fill(out, routes, a.room(), (*labelled).appendNLRI, func(out, nlri []byte) []byte {
		// MP_REACH_NLRI comes first (RFC 7606 section 5.1).
		return appendUpdate(out, nil, append(appendMP(nil, attrReach, head, nlri), a.raw...), nil)
	})
}

// appendUnreach encodes the withdrawal of routes of one family.
func appendUnreach(out []byte, f Family, routes []labelled) []byte {
	if f == IPv4 {
		return fill(out, routes, withdrawRoom, (*labelled).appendNLRI, func(out, nlri []byte) []byte { return appendUpdate(out, nlri, nil, nil) })
	}
	return fill(out, routes, unreachRoom, (*labelled).appendNLRI, func(out, nlri []byte) []byte {
		return appendUpdate(out, nil, appendMP(nil, attrUnreach, f.header(), nlri), nil)
	})
}

// fill calls write for as many routes at a time, as add encodes them, as have room.
func fill[R any](out []byte, routes []R, room int, add func(*R, []byte) []byte, write func(out, nlri []byte) []byte) []byte {
	nlri := make([]byte, 0, max(0, min(room, len(routes)*longestRoute)))
	for i := range routes {
		was := len(nlri)
		nlri = add(&routes[i], nlri)
		if len(nlri) > room && was > 0 {
			out = write(out, nlri[:was])
			nlri = nlri[:copy(nlri, nlri[was:])]
		}
	}
	if len(nlri) == 0 {
		return out
	}
	return write(out, nlri)
}

// bundle collects what is to be said of routes, so that those with equal
// attributes share messages.
type bundle struct {
	order []bundleKey // of the first route of each
	reach map[bundleKey][]labelled
	gone  [families][]labelled
}

type bundleKey struct {
	family Family
	attrs  *pathAttrs
}

func (b *bundle) announce(r labelled, a *pathAttrs) {
	k := bundleKey{r.key.family, a}
	if b.reach == nil {
		b.reach = make(map[bundleKey][]labelled)
	}
	if _, ok := b.reach[k]; !ok {
		b.order = append(b.order, k)
	}
	b.reach[k] = append(b.reach[k], r)
}

func (b *bundle) withdraw(k key) { b.gone[k.family] = append(b.gone[k.family], k.withdrawal()) }

// appendMessages encodes withdrawals first: they make room.
func (b *bundle) appendMessages(out []byte) []byte {
	for f, routes := range b.gone {
		out = appendUnreach(out, Family(f), routes)
	}
	for _, k := range b.order {
		out = appendReach(out, k.family, k.attrs, b.reach[k])
	}
	return out
}
