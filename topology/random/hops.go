package random

import (
	"slices"
	"strings"
)

// attachmentWith returns the attachment to a segment that has a route.
func (e *editor) attachmentWith(route *mapping) *mapping {
	for _, p := range onSegments(e) {
		at := p.get()
		if slices.ContainsFunc(at.list("routes"), func(r any) bool { return r == any(route) }) {
			return at
		}
	}
	return nil
}

// neighborsOf lists the names of what else is on the segment of an attachment.
func (e *editor) neighborsOf(at *mapping) (names []any) {
	for _, p := range onSegments(e) {
		if other := p.get(); other != at && onSegment(other) == onSegment(at) {
			host, _, _ := strings.Cut(strings.TrimPrefix(p.name, "host "), " ")
			names = append(names, host)
		}
	}
	if s := e.segmentOf(at); s != nil && s.get("to") != nil {
		names = append(names, s.get("to"))
	}
	for _, a := range at.list("addresses") {
		if p, ok := prefixOf(a); ok {
			names = append(names, p.Addr().Next().String())
		}
	}
	return names
}

// destinations lists prefixes of the families of an attachment.
func destinations(at *mapping) (out []any) {
	for _, a := range at.list("addresses") {
		if p, ok := prefixOf(a); ok && p.Addr().Is4() {
			out = append(out, "0.0.0.0/0", "10.0.0.0/8", "10.128.0.0/9")
		} else {
			out = append(out, "::/0", "2001:db8::/32")
		}
	}
	return out
}

// neighborName returns another next hop for a route.
func neighborName(e *editor, route *mapping) any {
	if at := e.attachmentWith(route); at != nil {
		return oneOf(e, e.neighborsOf(at)...)
	}
	return nil
}

// destination returns another destination for a route.
func destination(e *editor, route *mapping) any {
	if at := e.attachmentWith(route); at != nil {
		return oneOf(e, destinations(at)...)
	}
	return nil
}

// hops returns routes of an attachment to neighbours on its segment.
func hops(e *editor, at *mapping) any {
	names, prefixes := e.neighborsOf(at), destinations(at)
	if names == nil || prefixes == nil {
		return nil
	}
	return []any{mapped("prefix", oneOf(e, prefixes...), "via", oneOf(e, names...))}
}
