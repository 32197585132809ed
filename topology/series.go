package topology

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"pseudowan/bgp/vpn"
)

// seriesBuilder makes the hosts of series.
type seriesBuilder struct {
	*report
	router map[string]int // index of each router in the lab
	lans   *lanCount
}

// expand returns the hosts of a series, at most limit and one more.
func (b *seriesBuilder) expand(s rawRows, element string, limit int) entries[rawHost] {
	if s.Name.missing() {
		b.refuse(s.At, element, "has no name", `add name: "host_{i:03}_{vrf}"`)
	}
	if s.On.missing() {
		b.refuse(s.At, element, "names no router", "add on: with the name of a router")
	}
	_, known := b.router[s.On.v]
	if s.On.has && !known {
		b.refuse(s.On.at, element, fmt.Sprintf("no router is named %q", s.On.v), suggest(s.On.v, b.router))
	}
	if len(s.Rows) == 0 {
		b.refuse(s.At, element, "has no rows", "add rows: [{vrfs: 101-103, subnet: 10.1.0.0/24}]")
	}
	if !s.Name.has || !known || !b.checkTemplate(s.Name, element) || !b.checkTemplate(s.RD, element) {
		return nil
	}
	var out entries[rawHost]
	for i, row := range s.Rows {
		where := fmt.Sprintf("%s.rows[%d]", element, i)
		if !b.checkRow(s, row, where) {
			continue
		}
		names := vrfList(row.VRFs, limit-len(out)+1)
		b.checkStep(s.Step, s.LANs.or(1), row.Subnet, row.LAN, len(names), where)
		b.checkStep(s.Step6, s.LANs.or(1), row.Subnet6, row.LAN6, len(names), where)
		for k, vrf := range names {
			if !b.lans.reserve(s.LANs.at, where, s.LANs.or(1)*row.families()) {
				return out
			}
			host, ok := b.member(s, row, vrf, k, len(out)+1, where)
			if !ok {
				break // the next VRFs of the row would fail, too
			}
			out = append(out, host)
		}
	}
	return out
}

// families returns the number of families in which a row's hosts have LANs.
func (r rawRow) families() (n int) {
	for _, lan := range []value[network]{r.LAN, r.LAN6} {
		if lan.has {
			n++
		}
	}
	return n
}

// checkRow refuses an incomplete row, and reports whether it can be expanded.
func (b *seriesBuilder) checkRow(s rawRows, row rawRow, element string) bool {
	good := !row.Subnet.bad && !row.Subnet6.bad && !row.LAN.bad && !row.LAN6.bad && !s.LANs.bad && !s.Step.bad && !s.Step6.bad
	if len(row.VRFs) == 0 {
		b.refuse(row.At, element, "has no VRFs", "add vrfs: 101-103")
		good = false
	}
	if row.Subnet.missing() && row.Subnet6.missing() {
		b.refuse(row.At, element, "has no subnet", "add subnet: 10.1.0.0/24")
		good = false
	}
	if s.LANs.v > 0 && row.LAN.missing() && row.LAN6.missing() {
		b.refuse(row.At, element, "has no first LAN, but the series has lans:", "add lan: 110.1.0.0/24")
		good = false
	}
	for _, p := range []value[network]{row.Subnet, row.Subnet6, row.LAN, row.LAN6} {
		if !p.has {
			continue
		}
		good = b.checkSubnet(p.at, element, netip.Prefix(p.v)) && good
	}
	wrong := func(p value[network], want4 bool) {
		if p.has && netip.Prefix(p.v).Addr().Is4() != want4 {
			b.refuse(p.at, element, fmt.Sprintf("%s has the wrong family", netip.Prefix(p.v)), "subnet: and lan: are IPv4, subnet6: and lan6: are IPv6")
			good = false
		}
	}
	wrong(row.Subnet, true)
	wrong(row.LAN, true)
	wrong(row.Subnet6, false)
	wrong(row.LAN6, false)
	return good
}

// checkStep refuses steps that are smaller than the subnet or the LANs.
func (b *seriesBuilder) checkStep(step value[stepLength], lans int, subnet, lan value[network], vrfs int, element string) {
	if !step.has || vrfs < 2 {
		return
	}
	bits := int(step.v)
	if subnet.has && bits > netip.Prefix(subnet.v).Bits() {
		b.refuse(subnet.at, element, fmt.Sprintf("the step of /%d is smaller than the subnet %s", bits, netip.Prefix(subnet.v)), "make the step larger or the subnet smaller")
	}
	if !lan.has {
		return
	}
	room := netip.Prefix(lan.v).Bits() - bits
	if room < 0 || room < 31 && lans > 1<<room {
		b.refuse(lan.at, element, fmt.Sprintf("%d LANs from %s on do not fit into the step of /%d: they overlap with the next VRF's", lans, netip.Prefix(lan.v), bits), "make the step larger, or lans: smaller")
	}
}

// vrfList returns the VRFs of a row, at most limit.
func vrfList(in []value[vrfNames], limit int) []value[string] {
	var out []value[string]
	for _, v := range in {
		if v.v.name != "" {
			out = append(out, given(v.at, v.v.name))
			continue
		}
		for n := v.v.from; v.has && n <= v.v.to && len(out) < limit; n++ {
			out = append(out, given(v.at, strconv.Itoa(n)))
		}
	}
	return out[:min(len(out), max(limit, 0))]
}

// member makes the host of the k-th VRF of a row, the i-th of its series.
func (b *seriesBuilder) member(s rawRows, row rawRow, vrf value[string], k, i int, element string) (entry[rawHost], bool) {
	fill := func(text string) string { return fillTemplate(text, i, vrf.v, s.On.v) }
	h := rawHost{At: row.At, hostSettings: s.hostSettings}
	h.To, h.VRF, h.MTU = s.On, vrf, s.MTU
	if s.RD.has {
		rd, err := vpn.ParseRD(fill(s.RD.v))
		if err != nil {
			b.refuse(s.RD.at, element, err.Error(), `write it as "65001:{vrf}"`)
			return entry[rawHost]{}, false
		}
		h.RD = given(s.RD.at, rd)
	}
	good := b.column(&h, s.Step, s.LANs, row.Subnet, row.LAN, k, vrf.v, element) &&
		b.column(&h, s.Step6, s.LANs, row.Subnet6, row.LAN6, k, vrf.v, element)
	return entry[rawHost]{given(row.At, fill(s.Name.v)), h}, good
}

// column gives a host its address and LANs of one family.
func (b *seriesBuilder) column(h *rawHost, step value[stepLength], lans value[int], subnet, lan value[network], k int, vrf, element string) bool {
	if subnet.has {
		p, ok := stepped(netip.Prefix(subnet.v), step, k)
		address, inside := netip.Prefix{}, false
		if ok {
			address, inside = usable(p, 1)
		}
		if !inside {
			b.refuse(subnet.at, element, fmt.Sprintf("no unicast subnet with two addresses is left for VRF %s, %d steps after %s", vrf, k, netip.Prefix(subnet.v)), "start lower, or make the step smaller")
			return false
		}
		h.Addresses = append(h.Addresses, given(subnet.at, hostAddress{prefix: address}))
	}
	if !lan.has {
		return true
	}
	start, ok := stepped(netip.Prefix(lan.v), step, k)
	for j := 0; j < lans.or(1); j++ {
		a, inside := advance(start.Addr(), start.Bits(), j)
		if !ok || !inside || badUnicast(a) != "" {
			b.refuse(lan.at, element, fmt.Sprintf("no unicast prefix is left for LAN %d of VRF %s, %d steps after %s", j+1, vrf, k, netip.Prefix(lan.v)), "start lower, or make the step smaller")
			return false
		}
		h.LANs = append(h.LANs, given(lan.at, netip.PrefixFrom(a, start.Bits())))
	}
	return true
}

// stepped returns the prefix k steps after p, or p without a step.
func stepped(p netip.Prefix, step value[stepLength], k int) (netip.Prefix, bool) {
	if !step.has || k == 0 {
		return p, true
	}
	if int(step.v) > p.Addr().BitLen() {
		return p, false
	}
	a, ok := advance(p.Addr(), int(step.v), k)
	return netip.PrefixFrom(a, p.Bits()), ok
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

var counter = regexp.MustCompile(`^\{i:0([1-9])\}$`)

// checkTemplate refuses unknown placeholders.
func (b *seriesBuilder) checkTemplate(t value[string], element string) bool {
	good := !t.bad
	for _, p := range placeholder.FindAllString(t.v, -1) {
		if p != "{i}" && p != "{vrf}" && p != "{on}" && !counter.MatchString(p) {
			b.refuse(t.at, element, fmt.Sprintf("unknown placeholder %s in %q", p, t.v), "use {i}, {i:03}, {vrf} or {on}")
			good = false
		}
	}
	return good
}

// fillTemplate replaces the placeholders of a template.
func fillTemplate(t string, i int, vrf, on string) string {
	return placeholder.ReplaceAllStringFunc(t, func(p string) string {
		switch p {
		case "{i}":
			return strconv.Itoa(i)
		case "{vrf}":
			return vrf
		case "{on}":
			return on
		}
		width, _ := strconv.Atoi(strings.Trim(p, "{i:0}"))
		return fmt.Sprintf("%0*d", width, i)
	})
}
