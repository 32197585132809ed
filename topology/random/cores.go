package random

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Bounds on a random core.
const (
	maxCorePEs = 3
	maxPs      = 4
	maxExtra   = 3 // links beside those that connect the routers
)

// Core returns a random lab with a core: a graph of P routers with metrics, PEs at one or
// two of them, of either IP version or both, with or without reflectors.
func Core(name string, seed uint64) []byte {
	c := network{lab: lab{Rand: rand.New(rand.NewPCG(seed, 3)), name: name}, joined: map[[2]string]bool{}}
	c.families = pick(&c.lab, "ipv4", "ipv6", "both")
	c.line("# Random core, seed %d.", seed)
	c.line("name: %s", name)
	c.chooseRouters()
	c.writeCore()
	c.line("defaults: {router: {as: 65000}}")
	c.writeNodes()
	c.line("links:")
	c.chooseLinks()
	c.writeCustomers()
	return []byte(c.text.String())
}

// network is a lab with a core under construction.
type network struct {
	lab
	families  string
	pes, ps   []string
	reflector string // beside the path; "": none
	links     int
	joined    map[[2]string]bool
}

func (c *network) chooseRouters() {
	for n := range 2 + c.IntN(maxCorePEs-1) {
		c.pes = append(c.pes, fmt.Sprintf("pe%d", n+1))
	}
	for n := range 1 + c.IntN(maxPs) {
		c.ps = append(c.ps, fmt.Sprintf("p%d", n+1))
	}
	if c.chance(4) {
		c.reflector = "rr"
	}
}

func (c *network) writeCore() {
	c.line("core:")
	c.line("  families: %s", map[string]string{"ipv4": "ipv4", "ipv6": "ipv6", "both": "[ipv4, ipv6]"}[c.families])
	if c.chance(3) {
		c.line("  null: explicit")
	}
	if c.chance(4) {
		c.line("  propagate-ttl: false")
	}
	switch {
	case c.reflector != "":
		c.line("  reflectors: %s", c.reflector)
	case c.chance(3):
		c.line("  reflectors: %s", pick(&c.lab, c.ps[0], c.pes[0]))
	}
}

func (c *network) nodes() []string {
	all := slices.Concat(c.pes, c.ps)
	if c.reflector != "" {
		all = append(all, c.reflector)
	}
	return all
}

func (c *network) writeNodes() {
	c.line("routers:")
	for i, r := range c.nodes() {
		loopback6 := ""
		if c.families != "ipv4" && c.chance(2) {
			loopback6 = fmt.Sprintf(`, loopback6: "2001:db8:fffe::%x"`, i+1)
		}
		c.line("  %s: {id: 10.255.0.%d%s}", r, i+1, loopback6)
	}
}

// chooseLinks connects each router with an earlier one, and then some with each other: there
// may be several ways, and equal ones.
func (c *network) chooseLinks() {
	if len(c.ps) > 2 && c.chance(3) {
		c.link(c.ps[:3]...) // a LAN
	}
	for i, p := range c.ps[1:] {
		c.link(c.ps[c.IntN(i+1)], p)
	}
	for range c.IntN(maxExtra + 1) {
		c.link(pick(&c.lab, c.ps...), pick(&c.lab, c.ps...))
	}
	for _, r := range c.nodes() {
		if slices.Contains(c.ps, r) {
			continue
		}
		c.link(r, pick(&c.lab, c.ps...))
		if c.chance(2) {
			c.link(r, pick(&c.lab, c.ps...))
		}
	}
	if len(c.pes) > 2 && c.chance(4) { // the third one's packets pass P routers
		c.link(c.pes[0], c.pes[1])
	}
}

// link writes a link, unless its routers have one already.
func (c *network) link(routers ...string) {
	slices.Sort(routers)
	key := [2]string{routers[0], routers[1]}
	if c.joined[key] || key[0] == key[1] {
		return
	}
	for _, a := range routers {
		for _, b := range routers {
			c.joined[[2]string{a, b}] = true
		}
	}
	c.links++
	var ends []string
	for _, r := range routers {
		ends = append(ends, fmt.Sprintf("%s:eth%d", r, c.links))
	}
	metric := ""
	if c.chance(2) {
		metric = fmt.Sprintf(", metric: %d", pick(&c.lab, 5, 10, 10, 20))
	}
	c.line("- {ends: [%s], subnets: [%s]%s}", strings.Join(ends, ", "), c.subnets(), metric)
}

// subnets returns those of a link: of the versions of the core, and perhaps of the other one.
func (c *network) subnets() string {
	four, six := fmt.Sprintf("192.168.%d.0/29", c.links), fmt.Sprintf(`"2001:db8:ffff:%x::/64"`, c.links)
	switch {
	case c.families == "both" || c.chance(4):
		return four + ", " + six
	case c.families == "ipv4":
		return four
	}
	return six
}

// writeCustomers writes VPNs with the same addresses, each with a host at each PE.
func (c *network) writeCustomers() {
	vpns := 1 + c.IntN(2)
	c.line("vrfs:")
	for v := range vpns {
		c.line(`  v%d: {rts: "65000:%d"%s}`, v+1, v+1, pick(&c.lab, "", ", label-mode: per-vrf", ", label-mode: per-prefix"))
	}
	c.line("hosts:")
	for v := range vpns {
		from, to := c.versions()
		for n, pe := range c.pes {
			addresses := []string{fmt.Sprintf("10.%d.0.2/24", n+1), fmt.Sprintf(`"2001:db8:%x::2/64"`, n+1)}
			if n < 2 || c.chance(2) { // else of both
				addresses = addresses[from:to]
			}
			c.line("  h%d-%d: {to: %s, vrf: v%d, addresses: [%s]}", v+1, n+1, pe, v+1, strings.Join(addresses, ", "))
		}
	}
}

// versions chooses the IP versions of a VPN: IPv4, IPv6 or both.
func (c *network) versions() (from, to int) {
	switch c.IntN(3) {
	case 0:
		return 0, 1
	case 1:
		return 1, 2
	}
	return 0, 2
}
