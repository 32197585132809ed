package random

import "fmt"

// The places of a file that have keys.

// within returns one place, below some keys of the file.
func within(keys ...string) func(*editor) []place {
	return func(e *editor) []place {
		name := "lab"
		for _, k := range keys {
			name += " " + k
		}
		return []place{{name, func() *mapping {
			m := e.file
			for _, k := range keys {
				m = m.sub(k)
			}
			return m
		}}}
	}
}

// entries returns the entries of a mapping of names.
func entries(section, kind string) func(*editor) []place {
	return func(e *editor) []place {
		var out []place
		m, _ := e.file.get(section).(*mapping)
		if m == nil {
			return nil
		}
		for _, name := range m.keys() {
			out = append(out, place{kind + " " + name, func() *mapping { return m.sub(name) }})
		}
		return out
	}
}

var (
	routers  = entries("routers", "router")
	vrfs     = entries("vrfs", "vrf")
	hosts    = entries("hosts", "host")
	segments = entries("segments", "segment")
	sites    = entries("outside", "outside")
)

// items returns the items of a list of mappings.
func items(section, kind string) func(*editor) []place {
	return func(e *editor) []place { return listed(e.file, section, kind) }
}

// listed returns the mappings of a list, which may also be a single value. A scalar
// that is the short form of a mapping is replaced by the long form.
func listed(m *mapping, key, name string, short ...string) []place {
	var out []place
	for i, item := range m.list(key) {
		out = append(out, place{fmt.Sprintf("%s %d", name, i), func() *mapping {
			if one, ok := item.(*mapping); ok {
				return one
			}
			long := mapped(short[0], item)
			all := append([]any{}, m.list(key)...)
			all[i] = long
			m.set(key, all)
			return long
		}})
	}
	return out
}

var (
	links  = items("links", "link")
	series = items("series", "series")
)

// byRows and copies are the two kinds of series.
func byRows(e *editor) []place {
	return below(series, func(m *mapping, name string) []place { return only(m.get("rows") != nil, m, name) })(e)
}

func copies(e *editor) []place {
	return below(series, func(m *mapping, name string) []place { return only(m.get("rows") == nil, m, name) })(e)
}

// only returns a mapping as a place if it is one.
func only(is bool, m *mapping, name string) []place {
	if !is {
		return nil
	}
	return []place{{name, func() *mapping { return m }}}
}

func rows(e *editor) []place {
	return below(byRows, func(m *mapping, name string) []place { return listed(m, "rows", name+" row") })(e)
}

// below returns places inside others, which exist already.
func below(outer func(*editor) []place, inner func(m *mapping, name string) []place) func(*editor) []place {
	return func(e *editor) []place {
		var out []place
		for _, p := range outer(e) {
			out = append(out, inner(p.get(), p.name)...)
		}
		return out
	}
}

// inside returns the mapping of a key of other places, added when it is used.
func inside(outer func(*editor) []place, key string) func(*editor) []place {
	return func(e *editor) []place {
		var out []place
		for _, p := range outer(e) {
			out = append(out, place{p.name + " " + key, func() *mapping { return p.get().sub(key) }})
		}
		return out
	}
}

// long returns the mapping of a key of other places that have the key. A scalar is
// replaced by a mapping, in which it is the value of the key short.
func long(outer func(*editor) []place, key, short string) func(*editor) []place {
	return below(outer, func(m *mapping, name string) []place {
		value := m.get(key)
		if value == nil {
			return nil
		}
		return []place{{name + " " + key, func() *mapping {
			if one, ok := value.(*mapping); ok {
				return one
			}
			one := mapped(short, value)
			m.set(key, one)
			return one
		}}}
	})
}

// bothRouters returns the routers and their defaults.
func bothRouters(e *editor) []place { return append(routers(e), within("defaults", "router")(e)...) }

// prefixesAdvertised returns the lists of advertised prefixes of places.
func prefixesAdvertised(at func(*editor) []place) func(*editor) []place {
	return below(at, func(m *mapping, name string) []place {
		ra, ok := m.get("ra").(*mapping)
		if !ok {
			return nil
		}
		return listed(ra, "prefixes", name+" ra prefix", "prefix")
	})
}

// attachments returns those of hosts, in both forms.
var attachments = below(hosts, attachedTo)

var (
	advertisements = long(attachments, "ra", "prefix")
	customers      = long(attachments, "bgp", "as")

	advertisedPrefixes = prefixesAdvertised(attachments)

	announcements = below(attachments, func(m *mapping, name string) []place {
		return listed(m, "announce", name+" announce", "prefix")
	})
	stations = below(bothRouters, func(m *mapping, name string) []place {
		return listed(m, "bmp", name+" bmp", "to")
	})
	files6396 = long(bothRouters, "mrt", "directory") // RFC 6396

	trackings = below(bothRouters, func(m *mapping, name string) []place {
		if m.get("uplink-tracking") == nil {
			return nil
		}
		return []place{{name + " uplink-tracking", func() *mapping { return m.sub("uplink-tracking") }}}
	})
	coreSettings = long(within(), "core", "transport")

	linkBGP    = inside(links, "bgp")
	outsideBGP = below(links, func(m *mapping, name string) []place {
		if m.get("nic") == nil {
			return nil
		}
		return []place{{name + " bgp", func() *mapping { return m.sub("bgp") }}}
	})
	outsideNeighbors = below(links, func(m *mapping, name string) []place {
		sessions, ok := m.get("bgp").(*mapping)
		if m.get("nic") == nil || !ok {
			return nil
		}
		return listed(sessions, "neighbors", name+" neighbors", "peer")
	})
	ends = below(links, func(m *mapping, name string) []place {
		var out []place
		for _, end := range endNames(m) {
			out = append(out, place{name + " " + end, func() *mapping { return endsOf(m).sub(end) }})
		}
		return out
	})
	endBGP = inside(ends, "bgp")
)

// endNames returns the ends of a link, ROUTER:INTERFACE.
func endNames(link *mapping) []string {
	if m, ok := link.get("ends").(*mapping); ok {
		return m.keys()
	}
	var out []string
	for _, end := range link.list("ends") {
		out = append(out, end.(string))
	}
	return out
}

// endsOf returns the ends of a link as a mapping, which can have settings.
func endsOf(link *mapping) *mapping {
	if m, ok := link.get("ends").(*mapping); ok {
		return m
	}
	m := new(mapping)
	for _, end := range endNames(link) {
		m.set(end, new(mapping))
	}
	link.set("ends", m)
	return m
}

// anyOf returns one of some places.
func (e *editor) anyOf(at func(*editor) []place) (place, bool) {
	places := at(e)
	return oneOf(e, places...), len(places) > 0
}
