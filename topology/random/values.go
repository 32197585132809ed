package random

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maker makes a value for a key of a mapping, or returns nil if there is none.
type maker func(e *editor, at *mapping) any

// among makes one of some values.
func among(values ...any) maker {
	return func(e *editor, _ *mapping) any { return oneOf(e, values...) }
}

// some makes a list of one to three different values.
func some(one maker) maker {
	return func(e *editor, at *mapping) any {
		var out []any
		for range 1 + e.IntN(3) {
			v := one(e, at)
			if v != nil && !slices.ContainsFunc(out, func(w any) bool { return same(v, w) }) {
				out = append(out, v)
			}
		}
		if out == nil {
			return nil
		}
		return out
	}
}

// oneOrSome makes a value, or a list of several.
func oneOrSome(one maker) maker {
	return func(e *editor, at *mapping) any {
		if e.chance(2) {
			return one(e, at)
		}
		return some(one)(e, at)
	}
}

func number(from, to int) maker {
	return func(e *editor, _ *mapping) any { return from + e.IntN(to-from+1) }
}

var truth = among(true, false)

func asNumber(e *editor, _ *mapping) any {
	return oneOf[any](e, 65000, 65001, 65002, 65003, 64999, 4200000001, 1)
}

// hostAS returns an AS number that no router has.
func hostAS(e *editor, _ *mapping) any { return oneOf[any](e, 65100, 65101, 65102, 4200000100) }

func routerID(e *editor, _ *mapping) any {
	return oneOf[any](e, fmt.Sprintf("10.255.2.%d", 1+e.IntN(250)), fmt.Sprintf("192.0.2.%d", 1+e.IntN(250)), "1.1.1.1", "223.255.255.254")
}

// labels returns a range that is large enough for small labs, or for none.
func labels(e *editor, _ *mapping) any {
	first := oneOf(e, 16, 1000, 1010, 2000, 50000, 1048576-200)
	return fmt.Sprintf("%d-%d", first, first+oneOf(e, 5, 20, 99, 199))
}

func distinguisher(e *editor, _ *mapping) any {
	n := 1 + e.IntN(20)
	return oneOf[any](e, fmt.Sprintf("65000:%d", n), fmt.Sprintf("10.99.0.1:%d", n), fmt.Sprintf("4200000000:%d", n))
}

// routeTarget returns one that the lab has already, or another one.
func routeTarget(e *editor, _ *mapping) any {
	if e.chance(3) {
		return distinguisher(e, nil)
	}
	var known []any
	for _, p := range vrfs(e) {
		v := p.get()
		known = slices.Concat(known, v.list("rts"), v.list("import"), v.list("export"))
	}
	return oneOf(e, known...)
}

func macAddress(e *editor, _ *mapping) any {
	return fmt.Sprintf("02:%02x:%02x:00:00:%02x", e.IntN(256), e.IntN(256), e.IntN(256))
}

// core returns the subnets of a link, of one family or both.
func core(e *editor, _ *mapping) any {
	n := e.IntN(250)
	four := fmt.Sprintf("192.168.%d.0/%d", n, oneOf(e, 28, 29, 30, 31))
	six := fmt.Sprintf("2001:db8:ffff:%x::/%d", n, oneOf(e, 64, 127))
	return oneOf(e, []any{four}, []any{six}, []any{four, six}, []any{six, four})
}

// address returns a host's address in a subnet. Two hosts rarely get the same one.
func address(e *editor, at *mapping) any {
	if at.get("ra") != nil && e.chance(3) {
		return "slaac"
	}
	octet := 1 + e.IntN(99)
	if e.chance(2) {
		return fmt.Sprintf("2001:db8:%x::%x/64", octet, 2+e.IntN(6))
	}
	return fmt.Sprintf("10.%d.0.%d/%d", octet, 2+e.IntN(4), oneOf(e, 24, 28, 29))
}

// addresses returns one or two addresses of a host, often next to one that it has.
func addresses(e *editor, at *mapping) any {
	old := at.list("addresses")
	switch p, ok := prefixOf(oneOf(e, old...)); {
	case ok && e.chance(3):
		beside := netip.PrefixFrom(p.Addr().Next(), p.Bits()).String()
		return oneOf(e, []any{beside}, append(slices.Clone(old), beside))
	case ok && e.chance(3):
		return append(slices.Clone(old), address(e, at))
	case len(old) > 1 && e.chance(3):
		return oneOf(e, old[:1], old[1:])
	}
	return oneOrSome(address)(e, at)
}

// prefixOf reads an address with its length.
func prefixOf(v any) (netip.Prefix, bool) {
	s, _ := v.(string)
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// gateway returns another address of a subnet of the attachment.
func gateway(e *editor, at *mapping) any {
	p, ok := prefixOf(oneOf(e, at.list("addresses")...))
	if !ok {
		return nil
	}
	a := p.Masked().Addr()
	for range 1 + e.IntN(6) {
		a = a.Next()
	}
	return a.String()
}

// sixes returns an IPv6 prefix for autoconfiguration.
func sixes(e *editor, _ *mapping) any { return fmt.Sprintf("2001:db8:%x::/64", 1+e.IntN(99)) }

func advertisement(e *editor, _ *mapping) any {
	prefix := sixes(e, nil)
	if e.chance(2) {
		return prefix
	}
	if e.chance(2) {
		return mapped("prefixes", []any{advertisedPrefix(e, nil)})
	}
	return mapped("prefix", prefix, "lifetime", 600)
}

// advertisedPrefix returns one of several advertised prefixes.
func advertisedPrefix(e *editor, _ *mapping) any {
	if e.chance(2) {
		return sixes(e, nil)
	}
	return mapped("prefix", sixes(e, nil), "valid", oneOf[any](e, "2h", 7200, "24h"))
}

// lan returns a network behind a host.
func lan(e *editor, _ *mapping) any {
	n := e.IntN(8)
	return oneOf[any](e,
		fmt.Sprintf("10.%d.%d.1/24", 101+e.IntN(9), n), fmt.Sprintf("10.%d.0.0/16", 110+e.IntN(9)), fmt.Sprintf("172.16.%d.128/25", n),
		fmt.Sprintf("2001:db8:%x:%x::1/64", 0x1001+e.IntN(9), n), fmt.Sprintf("2001:db8:%x::/48", 0x1101+e.IntN(9)),
		fmt.Sprintf("10.99.%d.1/32", n))
}

// far returns a prefix for a route of a host.
func far(e *editor, _ *mapping) any {
	return oneOf[any](e, "0.0.0.0/0", "::/0", "10.0.0.0/8", "10.128.0.0/9", "2001:db8::/32")
}

func routes(e *editor, at *mapping) any {
	if e.chance(4) {
		return []any{}
	}
	return some(far)(e, at)
}

// announced returns a prefix for announce:.
func announced(e *editor, _ *mapping) any {
	n := e.IntN(9)
	return oneOf[any](e, fmt.Sprintf("10.12%d.0.0/16", n), fmt.Sprintf("2001:db8:12%d::/48", n), fmt.Sprintf("172.17.%d.0/24", n), "0.0.0.0/0", "::/0")
}

func announcement(e *editor, at *mapping) any {
	if e.chance(2) {
		return announced(e, at)
	}
	m := mapped("prefix", announced(e, at))
	m.set("next-hop", ownAddress(e, at))
	return m
}

// ownAddress returns one of the addresses of an attachment.
func ownAddress(e *editor, at *mapping) any {
	p, ok := prefixOf(oneOf(e, at.list("addresses")...))
	if !ok {
		return nil
	}
	return p.Addr().String()
}

// nameOf makes the name of an entry of a section.
func nameOf(section string) maker {
	return func(e *editor, _ *mapping) any {
		m, _ := e.file.get(section).(*mapping)
		if m == nil || len(m.fields) == 0 {
			return nil
		}
		return oneOf(e, m.keys()...)
	}
}

func interfaceName(e *editor, _ *mapping) any {
	return oneOf[any](e, "eth0", "eth1", "wan", "wan0.5", "to-pe")
}

// carriers returns names of interfaces of a host's attachments.
func carriers(e *editor, at *mapping) any {
	var names []any
	for i, a := range at.list("attach") {
		name := any(fmt.Sprintf("eth%d", i))
		if m, ok := a.(*mapping); ok && m.get("interface") != nil {
			name = m.get("interface")
		}
		names = append(names, name)
	}
	if names == nil {
		names = []any{"eth0"}
	}
	return some(among(names...))(e, at)
}

func expectation(e *editor, _ *mapping) any {
	var names []string
	for _, p := range hosts(e) {
		names = append(names, strings.TrimPrefix(p.name, "host "))
	}
	if len(names) == 0 {
		return nil
	}
	from, to := oneOf(e, names...), oneOf(e, names...)
	return oneOf[any](e, from+" -> "+to, from+" -> "+to, from+" !-> "+to, from+" -> "+to+" via "+oneOf(e, names...))
}

// families are those of sessions between routers.
var families = among([]any{"vpnv4"}, []any{"vpnv6"}, []any{"vpnv4", "vpnv6"})

// Times that are long enough for a busy machine.
var (
	keepalives = among(1, 3, "5s", 10)
	retries    = among(1, 2, 3, "5s")
)

// onContainers returns the places if the server has Docker.
func onContainers(at func(*editor) []place) func(*editor) []place {
	return func(e *editor) []place {
		if !e.server.Containers {
			return nil
		}
		return at(e)
	}
}

func texts(of []string) []any {
	var out []any
	for _, s := range of {
		out = append(out, s)
	}
	return out
}

func image(e *editor, _ *mapping) any { return oneOf(e, texts(e.server.Images)...) }
func build(e *editor, _ *mapping) any { return oneOf(e, texts(e.server.Builds)...) }

// station returns a BMP station: an address, or a mapping.
func station(e *editor, at *mapping) any {
	to := stationAddress(e, at)
	if e.chance(2) {
		return to
	}
	m := mapped("to", to)
	m.set("vrf", nameOf("vrfs")(e, at))
	return m
}

func stationAddress(e *editor, _ *mapping) any {
	return oneOf[any](e, "192.168.78.9", "192.168.78.9:5001", "10.1.0.2:5000", "2001:db8:78::9", "[2001:db8:78::9]:11019", "[2001:db8:1::2]:5000")
}

func mrtDirectory(e *editor, _ *mapping) any {
	return oneOf[any](e, "/tmp/pseudowan-mrt-a", "/tmp/pseudowan-mrt-b")
}

// recordsUpdates says whether messages are recorded. Without them, tables are.
func recordsUpdates(e *editor, at *mapping) any {
	if at.get("tables") == nil || at.get("tables") == 0 {
		at.set("tables", 5)
	}
	return truth(e, at)
}
