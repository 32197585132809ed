package gate

import "encoding/binary"

// The receiver's parser need not read again what it has read: the same attributes with
// other routes of the same form, of which this package has checked every octet. Most
// messages of a peer that tells many routes are of that kind.

// form is a set of families of routes, and of the types of their RDs.
type form uint16

func formOf(f Family, rd []byte) form {
	n := 3 * int(f)
	if rd != nil {
		n += int(binary.BigEndian.Uint16(rd))
	}
	return 1 << n
}

// form returns the forms of the routes of an update; ok is false if it is not as usual:
// with routes in several fields, or others than the receiver is shown.
func (u *update) form() (set form, ok bool) {
	fields := 0
	add := func(f Family, routes []route) {
		if len(routes) > 0 {
			fields++
		}
		for i := range routes {
			set |= formOf(f, routes[i].rd)
		}
	}
	add(IPv4, u.withdrawn)
	add(IPv4, u.routes)
	for _, m := range []*mpRoutes{u.reach, u.unreach} {
		if m != nil {
			add(m.family, m.routes)
			ok = ok || len(m.strange) > 0
		}
	}
	unusual := ok || len(u.strange) > 0 || u.asWithdrawn || u.exotic || len(u.faults) > 0
	return set, fields == 1 && !unusual
}

// tried is what the receiver's parser has read. Of announcements, their attributes know.
type tried struct {
	gone form // withdrawn without attributes
	raw  []byte
}

// of returns the attributes of an update with routes in one field that a path has; nil if
// none has.
func (t *tried) of(r *ribIn, u *update) *pathAttrs {
	t.raw = t.raw[:0]
	for _, a := range u.attrs {
		t.raw = append(t.raw, a.raw...)
	}
	var hop []byte
	if m := u.reach; m != nil {
		hop = m.head[4 : len(m.head)-1]
	}
	return r.pool[poolKey{string(t.raw), string(hop)}]
}

// announces reports whether the update announces something.
func (u *update) announces() bool { return len(u.routes) > 0 || u.reach != nil }

func (t *tried) has(r *ribIn, u *update, of form) bool {
	if !u.announces() {
		return len(u.attrs) == 0 && of&^t.gone == 0
	}
	a := t.of(r, u)
	return a != nil && of&^a.tried == 0
}

func (t *tried) add(r *ribIn, u *update, of form) {
	if !u.announces() {
		if len(u.attrs) == 0 {
			t.gone |= of
		}
	} else if a := t.of(r, u); a != nil {
		a.tried |= of
	}
}
