package random

import (
	"fmt"
	"slices"
)

func addLink(e *editor) string {
	names := e.file.sub("routers").keys()
	a, b := oneOf(e, names...), oneOf(e, names...)
	if a == b {
		return ""
	}
	wire(e, a, b)
	return "link of " + a + " and " + b + " added"
}

func removeLink(e *editor) string {
	at := e.list("links")
	if len(at) == 0 {
		return ""
	}
	i := e.IntN(len(at))
	e.file.set("links", slices.Delete(at, i, i+1))
	return fmt.Sprintf("link %d removed", i)
}

// longerLink adds a router to a link, which becomes a LAN.
func longerLink(e *editor) string {
	p, ok := e.anyOf(links)
	if !ok {
		return ""
	}
	l := p.get()
	end := fmt.Sprintf("%v:w%d", nameOf("routers")(e, nil), e.IntN(20))
	if ends, ok := l.get("ends").(*mapping); ok {
		insert(e, ends, end, new(mapping))
	} else {
		l.set("ends", append(slices.Clone(l.list("ends")), end))
	}
	if subnets := l.list("subnets"); e.chance(2) || len(subnets) == 0 {
		l.set("subnets", []any{fmt.Sprintf("192.168.%d.0/28", e.IntN(250)), fmt.Sprintf("2001:db8:ffff:%x::/64", e.IntN(250))})
	}
	return p.name + ": end " + end + " added"
}

func shorterLink(e *editor) string {
	p, ok := e.anyOf(links)
	if !ok || len(endNames(p.get())) < 3 {
		return ""
	}
	gone := oneOf(e, endNames(p.get())...)
	e.dropEnd(p.get(), func(end string) bool { return end == gone })
	return p.name + ": end " + gone + " removed"
}

// borrow lends a NIC of the server to a router.
func borrow(e *editor) string {
	if len(e.server.NICs) == 0 {
		return ""
	}
	nic := oneOf(e, e.server.NICs...)
	for _, p := range links(e) {
		if l := p.get(); l.get("nic") != nil && e.chance(2) {
			l.set("nic", nic)
			return p.name + ": nic " + nic
		}
	}
	end := fmt.Sprintf("%v:n%d", nameOf("routers")(e, nil), e.IntN(3))
	l := mapped("nic", nic, "ends", []any{end}, "subnets", []any{"192.168.77.0/24", "2001:db8:ffff:77::/64"})
	e.file.set("links", append(e.list("links"), l))
	return "link of " + end + " with nic " + nic + " added"
}

// outside adds a session with a router behind a NIC.
func outside(e *editor) string {
	for _, p := range links(e) {
		if l := p.get(); l.get("nic") != nil {
			if e.chance(2) {
				l.set("bgp", mapped("as", 64700, "neighbors", []any{mapped("peer", "192.168.77.3"), mapped("peer", "192.168.77.64/26", "as", 64702)}))
				return p.name + ": sessions with several routers outside"
			}
			if e.chance(4) {
				l.set("bgp", mapped("peer", "10.255.78.1", "as", 64700, "via", "192.168.77.2", "update-source", "10.255.77.1"))
				return p.name + ": a session with a router behind one outside"
			}
			l.set("bgp", mapped("peer", "192.168.77.9", "as", 64700))
			return p.name + ": a session with a router outside"
		}
	}
	return ""
}

// addSite names something behind a NIC.
func addSite(e *editor) string {
	m := e.file.sub("outside")
	name := fresh(e, m, "o1", "o2")
	if name == "" || !e.server.Answers {
		return ""
	}
	insert(e, m, name, mapped("vrf", nameOf("vrfs")(e, nil), "addresses", []any{siteAddress(e, nil)}))
	return "outside " + name + " added"
}

func removeSite(e *editor) string {
	m, name := entry(e, "outside")
	if name == "" {
		return ""
	}
	m.set(name, nil)
	return "outside " + name + " removed"
}

// siteAddress is one that no host of the lab has.
func siteAddress(e *editor, _ *mapping) any {
	return oneOf[any](e, fmt.Sprintf("198.51.100.%d", 1+e.IntN(9)), fmt.Sprintf("2001:db8:7777::%x", 1+e.IntN(9)))
}

// outsideVia is a link with a NIC, by its NIC or by its end.
func outsideVia(e *editor, _ *mapping) any {
	var names []any
	for _, p := range links(e) {
		if l := p.get(); l.get("nic") != nil {
			names = append(names, l.get("nic"))
			for _, end := range endNames(l) {
				names = append(names, end)
			}
		}
	}
	return oneOf(e, names...)
}

// bothEnds changes a setting on which both ends of a link must agree.
func bothEnds(e *editor) string {
	p, ok := e.anyOf(links)
	if !ok {
		return ""
	}
	l := p.get()
	key, value := "gtsm", any(true)
	switch e.IntN(3) {
	case 0:
		key, value = "password", oneOf[any](e, "secret", "s3cret")
	case 1:
		key, value = "families", families(e, nil)
	}
	if e.chance(3) {
		value = nil
	}
	for _, end := range endNames(l) {
		endsOf(l).sub(end).sub("bgp").set(key, value)
	}
	return fmt.Sprintf("%s: %s %v at every end", p.name, key, value)
}

// onePassive makes all ends of links passive except the first, or undoes that.
func onePassive(e *editor) string {
	at := e.file.sub("defaults").sub("bgp")
	places := links(e)
	if e.chance(2) {
		if len(places) == 0 {
			return ""
		}
		p := oneOf(e, places...)
		places = []place{p}
		at = p.get().sub("bgp")
	}
	at.set("passive", oneOf[any](e, true, nil))
	for _, p := range places {
		l := p.get()
		for i, end := range endNames(l) {
			var own any
			if at.get("passive") != nil && i == 0 {
				own = false
			}
			bgp := endsOf(l).sub(end)
			if _, settings := bgp.get("bgp").(*mapping); own != nil || settings {
				bgp.sub("bgp").set("passive", own)
			}
		}
	}
	return fmt.Sprintf("passive %v, except at first ends", at.get("passive"))
}
