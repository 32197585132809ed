package random

import (
	"fmt"
	"slices"
	"strings"
)

// changes are the edits that change more than the value of a key.
var changes = []func(e *editor) string{
	addRouter, removeRouter, renameRouter, reorder,
	addLink, removeLink, longerLink, longerLink, shorterLink, borrow, borrow, uplink, outside, outside, addSite, addSite, removeSite, unwatch,
	bothEnds, onePassive,
	addVRF, removeVRF, renameVRF,
	addHost, addHost, removeHost, removeHost, renameHost, swap, swap, swap,
	attachAgain, detach, formOfAttachments, addAnnouncement, announceNextHop, announceNextHop, customerLAN, customerLAN,
	addSegment, addSegment, removeSegment, renameSegment, plugInAnother, plugInAnother, routerOnSegment, routerOnSegment,
	addSeries, addSeries, removeSeries, addRow, addRow, addCopies, addCopies,
}

// fresh returns one of a few names that a section does not have, or "" if it has
// them all. With few names, removed ones come back, and their numbers with them.
func fresh(e *editor, m *mapping, names ...string) string {
	free := slices.DeleteFunc(names, func(n string) bool { return m.get(n) != nil })
	return oneOf(e, free...)
}

// insert adds an entry at a random position of a mapping, as the order matters.
func insert(e *editor, m *mapping, key string, value any) {
	m.fields = slices.Insert(m.fields, e.IntN(len(m.fields)+1), field{key, value})
}

// entry returns a random entry of a section, or "" if there is none.
func entry(e *editor, section string) (*mapping, string) {
	m := e.file.sub(section)
	return m, oneOf(e, m.keys()...)
}

func addRouter(e *editor) string {
	m := e.file.sub("routers")
	name, near := fresh(e, m, "pe1", "pe2", "pe3", "pe4", "p1"), oneOf(e, m.keys()...)
	if name == "" {
		return ""
	}
	r := mapped("as", m.get(near).(*mapping).get("as"))
	r.set("id", oneOf(e, nil, routerID(e, nil)))
	insert(e, m, name, r)
	wire(e, name, near)
	return "router " + name + " added"
}

// wire connects two routers by a new link.
func wire(e *editor, a, b string) {
	end := func(r string) any { return fmt.Sprintf("%s:w%d", r, e.IntN(20)) }
	l := mapped("ends", []any{end(a), end(b)}, "subnets", core(e, nil))
	at := e.list("links")
	e.file.set("links", slices.Insert(at, e.IntN(len(at)+1), any(l)))
}

// list returns a copy of a list of the file.
func (e *editor) list(key string) []any { return slices.Clone(e.file.list(key)) }

func removeRouter(e *editor) string {
	m, name := entry(e, "routers")
	if len(m.fields) < 3 {
		return ""
	}
	m.set(name, nil)
	e.keepLinks(func(l *mapping) bool {
		e.dropEnd(l, func(end string) bool { return strings.HasPrefix(end, name+":") })
		return len(endNames(l)) > 1 || l.get("nic") != nil && len(endNames(l)) == 1
	})
	moveTo := oneOf(e, m.keys()...)
	e.attachTo(name, moveTo)
	return "router " + name + " removed, its hosts moved to " + moveTo
}

// attachTo moves the attachments of the router old to another one.
func (e *editor) attachTo(old, router string) {
	for _, p := range attachments(e) {
		if at := p.get(); at.get("to") == old {
			at.set("to", router)
		}
	}
	for _, p := range segmentRouters(e) {
		if at := p.get(); at.get("to") == old {
			at.set("to", router)
		}
	}
	for _, p := range series(e) {
		for _, key := range []string{"on", "to"} {
			if at := p.get(); at.get(key) == old {
				at.set(key, router)
			}
		}
	}
}

// keepLinks removes the links for which f returns false.
func (e *editor) keepLinks(f func(l *mapping) bool) {
	e.file.set("links", slices.DeleteFunc(e.list("links"), func(l any) bool { return !f(l.(*mapping)) }))
}

// dropEnd removes ends of a link.
func (e *editor) dropEnd(l *mapping, drop func(end string) bool) {
	switch ends := l.get("ends").(type) {
	case *mapping:
		ends.fields = slices.DeleteFunc(ends.fields, func(f field) bool { return drop(f.key) })
	case []any:
		l.set("ends", slices.DeleteFunc(ends, func(end any) bool { return drop(end.(string)) }))
	}
}

func renameRouter(e *editor) string {
	m, old := entry(e, "routers")
	name := fresh(e, m, "pe1", "pe2", "pe3", "pe4", "p1", "rr")
	if name == "" {
		return ""
	}
	m.rename(old, name)
	for _, l := range links(e) {
		renameEnds(l.get(), old+":", name+":")
	}
	e.attachTo(old, name)
	return "router " + old + " renamed " + name
}

func renameEnds(l *mapping, old, name string) {
	renamed := func(end string) string {
		if rest, ok := strings.CutPrefix(end, old); ok {
			return name + rest
		}
		return end
	}
	switch ends := l.get("ends").(type) {
	case *mapping:
		for i := range ends.fields {
			ends.fields[i].key = renamed(ends.fields[i].key)
		}
	case []any:
		for i := range ends {
			ends[i] = renamed(ends[i].(string))
		}
	}
}

// reorder moves an entry of a section, which changes numbers by position.
func reorder(e *editor) string {
	section := oneOf(e, "routers", "vrfs", "hosts")
	m, name := entry(e, section)
	if name == "" {
		return ""
	}
	value := m.get(name)
	m.set(name, nil)
	insert(e, m, name, value)
	return section + ": " + name + " moved"
}

func addVRF(e *editor) string {
	m := e.file.sub("vrfs")
	name := fresh(e, m, "v1", "v2", "v3", "v4", "v5", "red", "blue")
	if name == "" {
		return ""
	}
	insert(e, m, name, mapped("rts", oneOf(e, routeTarget(e, nil), distinguisher(e, nil))))
	if m.get(name).(*mapping).get("rts") == nil {
		return ""
	}
	what := "vrf " + name + " added"
	for range e.IntN(3) {
		if h := newHost(e, name); h != "" {
			what += " with host " + h
		}
	}
	return what
}

func removeVRF(e *editor) string {
	m, name := entry(e, "vrfs")
	if name == "" {
		return ""
	}
	m.set(name, nil)
	moveTo := any(nil) // its hosts are removed, too
	if e.chance(2) {
		moveTo = nameOf("vrfs")(e, nil)
	}
	for _, h := range hosts(e) {
		gone := false
		for _, p := range attachmentsOf(h) {
			if at := p.get(); at.get("vrf") == name {
				at.set("vrf", moveTo)
				gone = moveTo == nil
			}
		}
		if gone {
			e.file.sub("hosts").set(strings.TrimPrefix(h.name, "host "), nil)
		}
	}
	for _, p := range segmentRouters(e) {
		if at := p.get(); at.get("vrf") == name {
			at.set("vrf", oneOf(e, nameOf("vrfs")(e, nil), moveTo))
		}
	}
	return fmt.Sprintf("vrf %s removed, its hosts moved to %v", name, moveTo)
}

func attachmentsOf(host place) []place {
	return below(func(*editor) []place { return []place{host} }, attachedTo)(nil)
}

func renameVRF(e *editor) string {
	m, old := entry(e, "vrfs")
	name := fresh(e, m, "v1", "v2", "v3", "v4", "v5", "red", "blue")
	if name == "" || old == "" {
		return ""
	}
	m.rename(old, name)
	for _, p := range slices.Concat(attachments(e), segmentRouters(e)) {
		if at := p.get(); at.get("vrf") == old {
			at.set("vrf", name)
		}
	}
	for _, p := range rows(e) {
		row := p.get()
		names := slices.Clone(row.list("vrfs"))
		for i := range names {
			if names[i] == old {
				names[i] = name
			}
		}
		row.set("vrfs", names)
	}
	return "vrf " + old + " renamed " + name
}

// unwatch removes the stations or the MRT files of a router, or of all that have none
// of their own.
func unwatch(e *editor) string {
	p, ok := e.anyOf(bothRouters)
	if !ok {
		return ""
	}
	key := oneOf(e, "bmp", "mrt")
	if m := p.get(); m.get(key) != nil {
		m.set(key, nil)
		return p.name + ": no " + key
	}
	return ""
}
