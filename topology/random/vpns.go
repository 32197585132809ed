package random

import (
	"fmt"
	"strings"
)

// vpn is one VPN: a VRF on every router with a site of it. VPNs that share routes
// have their own addresses, all others have the same.
type vpn struct {
	name     string
	number   int
	imports  []string // route targets besides its own
	exports  []string
	own      bool // imports what its own sites export
	v4, v6   bool
	base     int // second octet of its first subnet
	settings string
}

// site is a host.
type site struct {
	name   string
	vpn    *vpn
	router int
	number int // in its VPN, from 1
	slaac  bool
	second int // another router that it is attached to; 0: none
}

func target(n int) string { return fmt.Sprintf("65000:%d", n) }

// plan chooses VPNs, what they share, and their sites.
func (l *lab) plan(vpns int) {
	for i := range vpns {
		v := vpn{name: fmt.Sprintf("v%d", i+1), number: i + 1, own: true, base: 1, v4: true, v6: true}
		switch l.IntN(4) {
		case 0:
			v.v6 = false
		case 1:
			v.v4 = false
		}
		v.exports = []string{target(v.number)}
		v.settings = l.settings()
		l.vpns = append(l.vpns, v)
	}
	l.share()
	for i := range l.vpns {
		least := 1
		if i == 0 {
			least = 2 // a single host reaches nothing
		}
		for n := range max(least, 1+l.IntN(maxSites)) {
			l.sites = append(l.sites, site{
				name: fmt.Sprintf("h%d-%d", i+1, n+1), vpn: &l.vpns[i], router: 1 + l.IntN(l.routers), number: n + 1,
				slaac: l.vpns[i].v6 && l.chance(3),
			})
			if s := &l.sites[len(l.sites)-1]; !s.slaac && l.chance(6) {
				s.second = s.router%l.routers + 1
			}
		}
	}
}

// settings returns random settings of a VRF.
func (l *lab) settings() string {
	var out string
	if l.chance(3) {
		n := 1 + l.IntN(1000)
		out += fmt.Sprintf(`, rd: "%s"`, pick(l, fmt.Sprintf("65000:%d", n), fmt.Sprintf("10.99.0.1:%d", n), fmt.Sprintf("4200000000:%d", n)))
	}
	if l.chance(3) {
		out += ", label-mode: " + pick(l, "per-next-hop", "per-vrf", "per-prefix")
	}
	if l.chance(3) {
		out += ", redistribute: {connected: " + pick(l, "hosts", "subnets") + "}"
	}
	return out
}

// share connects some VPNs by their route targets: a service that others reach (an
// extranet), one-way imports, and spokes that do not reach each other.
func (l *lab) share() {
	unique := func(v *vpn) { v.base = 40 + 10*v.number }
	if len(l.vpns) > 1 && l.chance(2) {
		service := &l.vpns[0]
		unique(service)
		for i := 1; i < len(l.vpns); i++ {
			if l.chance(3) {
				continue
			}
			client := &l.vpns[i]
			unique(client)
			client.imports = append(client.imports, target(service.number))
			if !l.chance(4) { // else there is no route back
				service.imports = append(service.imports, target(client.number))
			}
		}
	}
	for i := range l.vpns {
		if l.chance(6) {
			l.vpns[i].own = false // its sites reach each other only on the same router
		}
		if l.chance(4) {
			l.vpns[i].exports = append(l.vpns[i].exports, target(100+l.vpns[i].number))
		}
	}
}

func (l *lab) writeVRFs() {
	l.line("vrfs:")
	for _, v := range l.vpns {
		imports := v.imports
		if v.own {
			imports = append([]string{target(v.number)}, imports...)
		}
		l.line(`  %s: {import: [%s], export: [%s]%s}`, v.name, quoted(imports), quoted(v.exports), v.settings)
	}
	if l.hub {
		l.line(`  hub-in: {import: ["65000:902"]}`)
		l.line(`  hub-out: {export: ["65000:901"]}`)
		l.line(`  spoke: {import: ["65000:901"], export: ["65000:902"]}`)
	}
}

func quoted(targets []string) string {
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = `"` + t + `"`
	}
	return strings.Join(out, ", ")
}

func (l *lab) writeHosts() {
	l.line("hosts:")
	for _, s := range l.sites {
		if s.second != 0 {
			l.writeDualHomed(s)
			continue
		}
		l.line("  %s: {to: pe%d, vrf: %s%s%s}", s.name, s.router, s.vpn.name, l.addresses(s), l.lans(s))
	}
	if l.hub {
		l.writeHub()
	}
}

// writeDualHomed writes a host at two routers, with routes through the first.
func (l *lab) writeDualHomed(s site) {
	l.line("  %s:", s.name)
	l.line("    attach:")
	l.line(`    - {to: pe%d, vrf: %s%s, routes: [%s]}`, s.router, s.vpn.name, l.addresses(s), strings.Join(s.vpn.everything(), ", "))
	other := s
	other.number += maxSites + 1 // apart from all other sites
	l.line(`    - {to: pe%d, vrf: %s%s}`, s.second, s.vpn.name, l.addresses(other))
}

// everything returns the default routes of the VPN's families.
func (v *vpn) everything() []string {
	var out []string
	if v.v4 {
		out = append(out, "0.0.0.0/0")
	}
	if v.v6 {
		out = append(out, `"::/0"`)
	}
	return out
}

// writeHub writes a hub and its spokes, which reach each other only through it.
func (l *lab) writeHub() {
	l.line("  hub:")
	l.line("    forward: true")
	l.line("    attach:")
	l.line(`    - {to: pe%d, vrf: hub-in, addresses: [10.201.0.2/24, "2001:db8:201::2/64"], routes: [10.0.0.0/8, "2001:db8::/32"]}`, 1+l.IntN(l.routers))
	l.line(`    - {to: pe%d, vrf: hub-out, addresses: [10.202.0.2/24, "2001:db8:202::2/64"], announce: [0.0.0.0/0, "::/0"]}`, 1+l.IntN(l.routers))
	first := l.IntN(l.routers)
	for n := range 2 {
		router := (first+n)%l.routers + 1 // on different routers: on one they would reach each other directly
		l.line(`  spoke%d: {to: pe%d, vrf: spoke, addresses: [10.21%d.0.2/24, slaac], ra: "2001:db8:21%d::/64"}`, n+1, router, n, n)
	}
}

func (l *lab) addresses(s site) string {
	var addresses []string
	ra := ""
	octet := s.vpn.base + s.number
	if s.vpn.v4 {
		addresses = append(addresses, fmt.Sprintf("10.%d.0.%d/%d", octet, 2+l.IntN(4), pick(l, 24, 28)))
	}
	switch {
	case s.slaac:
		addresses = append(addresses, "slaac")
		ra = fmt.Sprintf(`, ra: "2001:db8:%x::/64"`, octet)
	case s.vpn.v6:
		addresses = append(addresses, fmt.Sprintf(`"2001:db8:%x::%x/64"`, octet, 2+l.IntN(4)))
	}
	return fmt.Sprintf(", addresses: [%s]%s", strings.Join(addresses, ", "), ra)
}

// lans returns networks behind a site. Those of a VPN's first site contain those of
// the others.
func (l *lab) lans(s site) string {
	if !l.chance(2) {
		return ""
	}
	var lans []string
	octet, bits4, bits6 := 100+s.vpn.base, 24, 64
	third, fourth := s.number, fmt.Sprintf(":%x", s.number)
	if s.number == 1 {
		bits4, bits6, third, fourth = 16, 48, 0, ""
	} else if l.besideFirst(s) {
		return "" // on one router they would overlap
	}
	if s.vpn.v4 {
		lans = append(lans, fmt.Sprintf("10.%d.%d.1/%d", octet, third, bits4))
	}
	if s.vpn.v6 && !s.slaac { // a static route needs a static next hop
		lans = append(lans, fmt.Sprintf(`"2001:db8:%x%s::1/%d"`, 0x1000+octet, fourth, bits6))
	}
	return ", lans: [" + strings.Join(lans, ", ") + "]"
}

// besideFirst reports whether a site is on the router of its VPN's first site.
func (l *lab) besideFirst(s site) bool {
	for _, other := range l.sites {
		if other.vpn == s.vpn && other.number == 1 {
			return other.router == s.router
		}
	}
	return false
}
