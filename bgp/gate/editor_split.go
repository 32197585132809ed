package gate

import "errors"

// sent is an UPDATE message of the sender, taken apart.
type sent struct {
	of     *shape
	gone   []key
	reach  []labelled
	attrs  []attribute // without those of RFC 4760
	raw    []byte      // the same, encoded
	hop    []byte      // of MP_REACH_NLRI
	routes []route     // scratch
	end    Family      // of the last field for routes: that of an end of RIB
}

// isEnd reports whether the message is an end of RIB (RFC 4724).
func (s *sent) isEnd() bool { return len(s.gone)+len(s.reach) == 0 }

var (
	errLengths  = errors.New("its lengths do not fit")
	errFamily   = errors.New("it is of an unknown family")
	errRoutes   = errors.New("its routes cannot be told apart")
	errTwoKinds = errors.New("it announces routes in two fields")
)

// split takes a message of a session of the given shape apart. The result refers
// to the message.
func (s *sent) split(msg []byte, of *shape) error {
	*s = sent{of: of, gone: s.gone[:0], reach: s.reach[:0], attrs: s.attrs[:0], raw: s.raw[:0], routes: s.routes[:0]}
	b := msg[headerLength:]
	n := length(b)
	if len(b) < 2+n+2 {
		return errLengths
	}
	withdrawn, b := b[2:2+n], b[2+n:]
	n = length(b)
	if len(b) < 2+n {
		return errLengths
	}
	attrs, announced := b[2:2+n], b[2+n:]
	if err := s.addGone(IPv4, withdrawn); err != nil {
		return err
	}
	if err := s.addReach(IPv4, announced); err != nil {
		return err
	}
	for len(attrs) > 0 {
		a, rest, ok := cutAttribute(attrs)
		if !ok {
			return errLengths
		}
		attrs = rest
		if err := s.add(a, of); err != nil {
			return err
		}
	}
	for _, a := range s.attrs {
		s.raw = append(s.raw, a.raw...)
	}
	return nil
}

func (s *sent) add(a attribute, of *shape) error {
	switch {
	case a.kind != attrReach && a.kind != attrUnreach:
		if r, known := rules[a.kind]; known && !r.fits(of, a.value) {
			return errLengths
		}
		s.attrs = append(s.attrs, a)
		return nil
	case len(a.value) < afiLength:
		return errLengths
	}
	f, known := familyOf(uint16(length(a.value)), a.value[2])
	if !known {
		return errFamily
	}
	s.end = f
	if a.kind == attrUnreach {
		return s.addGone(f, a.value[afiLength:])
	}
	if len(a.value) < 5 || len(a.value) < 5+int(a.value[3]) || !nextHopFits(f, int(a.value[3])) {
		return errLengths
	}
	if len(s.reach) > 0 {
		return errTwoKinds
	}
	s.hop = a.value[4 : 4+a.value[3]]
	return s.addReach(f, a.value[5+a.value[3]:])
}

func (s *sent) addGone(f Family, b []byte) error {
	routes, ok := parseRoutes(f, b, s.of.numbered[f], s.routes[:0])
	s.routes = routes
	if !ok {
		return errRoutes
	}
	for i := range routes {
		s.gone = append(s.gone, routes[i].key(f))
	}
	return nil
}

func (s *sent) addReach(f Family, b []byte) error {
	routes, ok := parseRoutes(f, b, s.of.numbered[f], s.routes[:0])
	s.routes = routes
	if !ok {
		return errRoutes
	}
	for i := range routes {
		r := labelled{key: routes[i].key(f)}
		if f.hasLabel() {
			if routes[i].labels != 1 {
				return errRoutes
			}
			r.label = routes[i].label()
		}
		s.reach = append(s.reach, r)
	}
	return nil
}
