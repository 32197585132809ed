package random

import "fmt"

// copyKeys are the keys of series of copies that say how many there are, and some of
// the host, with placeholders.
var copyKeys = []key{
	{"name", copies, among("c{i}", "c{i:02}", "c{i:02x}")},
	{"count", copies, copyCount},
	{"range", copies, copyRange},
	{"mac", copies, among("02:00:00:00:02:{i:02x}", "02:00:00:00:03:{i:02}")},
	{"addresses", copies, copyAddresses},
	{"env", copies, func(e *editor, _ *mapping) any { return mapped("EDITED", oneOf[any](e, "{i}", "{i:03}")) }},
	{"files", copies, func(e *editor, _ *mapping) any { return mapped(oneOf(e, "/run/a.conf", "/run/{i}.conf"), "{i}\n") }},
}

func copyCount(e *editor, at *mapping) any {
	at.set("range", nil)
	return 1 + e.IntN(3)
}

func copyRange(e *editor, at *mapping) any {
	at.set("count", nil)
	return oneOf[any](e, "1-2", "2-4", 12)
}

// copyAddresses returns addresses in one subnet, on a segment or at a router.
func copyAddresses(e *editor, at *mapping) any {
	segment := e.segmentOf(at)
	switch {
	case segment == nil:
		return oneOf[any](e, fmt.Sprintf("10.%d.{i}.2/24", 240+e.IntN(4)), fmt.Sprintf("2001:db8:24%d:{i:x}::2/64", e.IntN(4)))
	case e.chance(2):
		return []any{}
	}
	p, ok := prefixOf(oneOf(e, segment.list("subnets")...))
	switch {
	case !ok:
		return []any{"slaac"}
	case p.Addr().Is4():
		octets := p.Addr().As4()
		return fmt.Sprintf("%d.%d.%d.2{i:02}/%d", octets[0], octets[1], octets[2], p.Bits())
	}
	return fmt.Sprintf("%s2{i:02x}/%d", p.Addr(), p.Bits())
}

// addCopies adds copies of a host on a segment or at a router.
func addCopies(e *editor) string {
	if len(e.file.list("series")) > 1 {
		return ""
	}
	s := mapped("name", "c{i}", "count", 1+e.IntN(3))
	if name := nameOf("segments")(e, nil); name != nil && e.chance(2) {
		s.set("to", name)
	} else {
		s.set("to", nameOf("routers")(e, nil))
		s.set("vrf", nameOf("vrfs")(e, nil))
	}
	s.set("addresses", copyAddresses(e, s))
	e.file.set("series", append(e.list("series"), s))
	return fmt.Sprintf("copies added on %v", s.get("to"))
}
