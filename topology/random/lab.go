package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Bounds on a random lab, so that it starts in a second. The subnets of VPNs do not
// overlap with at most maxSites sites, as a VPN has ten.
const (
	maxPEs   = 4
	maxVPNs  = 4
	maxSites = 4 // of a VPN
)

// Lab returns a random lab file.
func Lab(name string, seed uint64) []byte {
	l := lab{Rand: rand.New(rand.NewPCG(seed, 1)), name: name}
	l.routers = 2 + l.IntN(maxPEs-1)
	l.reflector = l.routers > 2 && l.IntN(3) == 0
	l.hub = l.IntN(3) == 0
	l.oneAS = l.reflector || l.IntN(3) > 0
	l.line("# Random lab, seed %d.", seed)
	l.line("name: %s", name)
	l.writeRouters()
	l.writeLinks()
	l.plan(1 + l.IntN(maxVPNs))
	l.writeVRFs()
	l.writeHosts()
	return []byte(l.text.String())
}

// lab is a lab file under construction.
type lab struct {
	*rand.Rand
	name      string
	text      strings.Builder
	routers   int  // PEs
	reflector bool // a route reflector in addition to the PEs
	hub       bool // a hub with two spokes in addition to the VPNs
	oneAS     bool // else each router has its own
	vpns      []vpn
	sites     []site
}

func (l *lab) line(format string, args ...any) { fmt.Fprintf(&l.text, format+"\n", args...) }

// pick returns one of several.
func pick[T any](l *lab, of ...T) T { return of[l.IntN(len(of))] }

// chance returns true in one of n cases.
func (l *lab) chance(n int) bool { return l.IntN(n) == 0 }

func (l *lab) writeRouters() {
	if l.chance(3) {
		l.line("label-mode: %s", pick(l, "per-vrf", "per-prefix"))
	}
	l.line("routers:")
	for r := range l.routers {
		as := 65000
		if !l.oneAS {
			as = 65001 + r
		}
		l.line("  pe%d: {as: %d, id: 10.255.1.%d}", r+1, as, r+1)
	}
	if l.reflector {
		l.line("  rr: {as: 65000, id: 10.255.1.99}")
	}
}

// core returns the subnets of a link: IPv4, IPv6 or both.
func (l *lab) core(n, bits int) string {
	v4 := fmt.Sprintf("192.168.%d.0/%d", n, bits)
	v6 := fmt.Sprintf(`"2001:db8:ffff:%x::/64"`, n)
	return pick(l, v4, v6, v4+", "+v6)
}

func (l *lab) writeLinks() {
	l.line("links:")
	if l.reflector {
		l.line("- ends:")
		l.line("    rr:core: {bgp: {route-reflector: true}}")
		for r := range l.routers {
			l.line("    pe%d:core: {}", r+1)
		}
		l.line("  subnets: [%s]", l.core(0, 28))
		return
	}
	if l.routers > 2 && l.chance(2) {
		var ends []string
		for r := range l.routers {
			ends = append(ends, fmt.Sprintf("pe%d:core", r+1))
		}
		l.line("- {ends: [%s], subnets: [%s], bgp: full-mesh}", strings.Join(ends, ", "), l.core(0, 28))
		return
	}
	for a := range l.routers {
		for b := a + 1; b < l.routers; b++ {
			if b > a+1 && l.chance(4) {
				continue // no link, and so no routes between them
			}
			l.line("- {ends: [pe%d:to%d, pe%d:to%d], subnets: [%s]}", a+1, b+1, b+1, a+1, l.core(8*a+b, 30))
		}
	}
}
