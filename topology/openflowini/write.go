package openflowini

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"

	"pseudowan/topology"
)

// writer writes a lab file, and remembers which line of the original each of its
// lines is from.
type writer struct {
	name, source string
	lab          *lab
	text         strings.Builder
	from         []int
}

// line writes one line, which follows from a line of the original.
func (w *writer) line(from int, format string, args ...any) {
	w.from = append(w.from, from)
	fmt.Fprintf(&w.text, format+"\n", args...)
}

// inTheFile translates refusals of what was written into such of the original.
func (w *writer) inTheFile(err error) error {
	var problems topology.Problems
	if !errors.As(err, &problems) {
		return err
	}
	for i, p := range problems {
		if p.Line > 0 && p.Line <= len(w.from) {
			problems[i].Line = w.from[p.Line-1]
		}
		problems[i].Column = 0
	}
	return problems
}

func (w *writer) write() {
	r := w.lab.router
	w.line(0, "# From %s, as simpleRouter and docker-pseudo-wan read it.", strings.Map(printable, w.source))
	w.line(0, "name: %s", w.name)
	w.line(0, `node-prefix: ""`)
	w.line(0, "routers:")
	w.line(0, "  pe1:")
	w.line(r.as.line, "    as: %s", r.as.text)
	w.line(r.id.line, "    id: %s", r.id.text)
	if r.first.given() {
		w.line(r.first.line, "    labels: %s-%s", r.first.text, r.last.text)
	}
	if b := w.lab.bmp; b.address.given() {
		w.line(max(b.address.line, b.port.line), "    bmp: %q", net.JoinHostPort(b.address.text, b.port.text))
	}
	if len(w.lab.wans) > 0 {
		w.line(0, "links:")
	}
	for _, one := range w.lab.wans {
		w.wan(one)
	}
	w.policies()
	w.line(r.line, "redistribute: {connected: %s, static: true}", r.redistribute)
	if len(w.lab.vrfs) > 0 {
		w.line(0, "vrfs:")
	}
	for _, v := range w.lab.vrfs {
		w.vrf(v)
	}
	if len(w.lab.customers) > 0 {
		w.line(0, "hosts:")
	}
	for i, c := range w.lab.customers {
		w.customer(i+1, c)
	}
	if w.lab.ten {
		w.ten()
	}
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

func (w *writer) wan(one wan) {
	mac := ""
	if one.mac.given() {
		hw, _ := net.ParseMAC(one.mac.text) // checked
		mac = fmt.Sprintf(", mac: %q", hw)
	}
	s := one.section
	w.line(s.get("port").line, "- nic: %s", one.nic)
	w.line(s.get("ipaddress").line, "  ends: {pe1:%s: {address: %s%s}}", one.nic, one.address, mac)
	if !one.session {
		w.line(s.line, "  bgp: none")
		return
	}
	settings := ""
	if one.med.given() {
		settings += ", med: " + one.med.text
	}
	if one.localPref.given() {
		settings += ", export-policy: " + one.policy()
	}
	w.line(one.peer.line, "  bgp: {peer: %s, as: %s, families: [vpnv4]%s}", one.peer.text, one.as.text, settings)
}

// policy names the policy that bgp_filter_asnumber and bgp_local_pref are.
func (one wan) policy() string { return "to-" + one.nic }

// policies writes bgp_filter_asnumber and bgp_local_pref: what is told to the
// neighbour of routes whose AS path begins with the number has that LOCAL_PREF.
func (w *writer) policies() {
	began := false
	for _, one := range w.lab.wans {
		if !one.localPref.given() {
			continue
		}
		if !began {
			w.line(one.filter.line, "policies:")
			began = true
		}
		w.line(one.filter.line, "  %s:", one.policy())
		w.line(one.filter.line, "  - match: {as-path: \"^%s_\"}", one.filter.text)
		w.line(one.localPref.line, "    set: {local-pref: %s}", one.localPref.text)
	}
}

func (w *writer) vrf(v vrf) {
	targets := ""
	switch imports, exports := v.imports.text, v.exprt.text; {
	case imports == exports && imports != "":
		targets = fmt.Sprintf(", rts: %q", imports)
	default:
		if imports != "" {
			targets += fmt.Sprintf(", import: %q", imports)
		}
		if exports != "" {
			targets += fmt.Sprintf(", export: %q", exports)
		}
	}
	w.line(max(v.rd.line, v.imports.line, v.exprt.line), "  %q: {rd: %q%s}", v.name, v.rd.text, targets)
}

func (w *writer) customer(n int, c customer) {
	rd := ""
	if !w.defines(c.vrf) {
		rd = fmt.Sprintf(", rd: %q", c.rd.text)
	}
	w.line(c.host.line, "  %q: {to: pe1, vrf: %q%s, addresses: [%s], gateway: %s}",
		fmt.Sprintf("host_%03d_%s", n, c.vrf), c.vrf, rd, c.address, c.gateway)
}

func (w *writer) defines(name string) bool {
	for _, v := range w.lab.vrfs {
		if v.name == name {
			return true
		}
	}
	return false
}

// ten writes the hosts that docker-pseudo-wan makes.
func (w *writer) ten() {
	w.text.WriteString(theTen)
	for range strings.Count(theTen, "\n") {
		w.from = append(w.from, 0)
	}
}

const theTen = `# The hosts of docker-pseudo-wan, which are in its program and not in OpenFlow.ini.
series:
- {on: pe1, name: "host_{i:03}_{vrf}", rd: "65001:{vrf}", step: /16, lans: 10, rows: [
    {vrfs: 101-103, subnet: 10.1.0.0/24, lan: 110.1.0.0/24},
    {vrfs: 201-203, subnet: 20.1.0.0/24, lan: 120.1.0.0/24},
    {vrfs: 301-302, subnet: 30.1.0.0/24, lan: 130.1.0.0/24},
    {vrfs: 401-402, subnet: 40.1.0.0/24, lan: 140.1.0.0/24}]}
`
