package random

import (
	"fmt"
	"slices"
	"strings"
)

func addHost(e *editor) string {
	vrf, _ := nameOf("vrfs")(e, nil).(string)
	if name := newHost(e, vrf); name != "" {
		return "host " + name + " added to " + vrf
	}
	return ""
}

// newHost adds a host to a VRF of any router and returns its name.
func newHost(e *editor, vrf string) string {
	m := e.file.sub("hosts")
	name := fresh(e, m, "h1-1", "h1-2", "h2-1", "h2-2", "n1", "n2", "n3")
	if name == "" || vrf == "" {
		return ""
	}
	h := new(mapping)
	attach(e, h, vrf)
	if e.chance(3) {
		h.set("lans", []any{lan(e, nil)})
	}
	insert(e, m, name, h)
	return name
}

// attach fills an attachment.
func attach(e *editor, at *mapping, vrf string) {
	at.set("to", nameOf("routers")(e, nil))
	at.set("vrf", vrf)
	at.set("addresses", []any{address(e, at)})
	if e.chance(4) {
		at.set("addresses", append(at.list("addresses"), any("slaac")))
		at.set("ra", advertisement(e, at))
	}
}

func removeHost(e *editor) string {
	m, name := entry(e, "hosts")
	m.set(name, nil)
	return "host " + name + " removed"
}

func renameHost(e *editor) string {
	m, old := entry(e, "hosts")
	name := fresh(e, m, "h1-1", "h1-2", "h2-1", "h2-2", "n1", "n2", "n3")
	if name == "" || old == "" {
		return ""
	}
	m.rename(old, name)
	lines := e.list("expect")
	for i := range lines {
		words := strings.Fields(lines[i].(string))
		for j := range words {
			if words[j] == old {
				words[j] = name
			}
		}
		lines[i] = strings.Join(words, " ")
	}
	e.file.set("expect", lines)
	return "host " + old + " renamed " + name
}

// swap exchanges keys of two attachments, so that an address moves to another VPN
// at once.
func swap(e *editor) string {
	a, ok := e.anyOf(attachments)
	b, _ := e.anyOf(attachments)
	if !ok {
		return ""
	}
	keys := oneOf(e, []string{"to"}, []string{"vrf"}, []string{"to", "vrf"}, []string{"mac"}, []string{"addresses", "gateway", "ra"},
		[]string{"addresses", "gateway", "ra", "to", "vrf"})
	x, y := a.get(), b.get()
	for _, key := range keys {
		u, v := x.get(key), y.get(key)
		x.set(key, v)
		y.set(key, u)
	}
	return fmt.Sprintf("%s and %s swap %s", a.name, b.name, strings.Join(keys, ", "))
}

// attachmentKeys are the keys of an attachment that a host may have directly.
var attachmentKeys = []string{"to", "vrf", "rd", "interface", "mac", "mtu", "dad", "proxy-nd", "sysctls", "guard", "allow", "addresses", "gateway", "ra", "routes", "advertises", "bgp", "announce"}

// attachedTo returns the attachments of a host, in both forms.
func attachedTo(m *mapping, name string) []place {
	if m.get("attach") == nil {
		return []place{{name, func() *mapping { return m }}}
	}
	return listed(m, "attach", name+" attach")
}

// longForm writes the only attachment of a host as a list.
func longForm(h *mapping) {
	if h.get("attach") != nil {
		return
	}
	one := new(mapping)
	for _, key := range attachmentKeys {
		one.set(key, h.get(key))
		h.set(key, nil)
	}
	whole, _ := one.get("sysctls").(*mapping)
	own, of := partedSysctls(whole)
	one.set("sysctls", of)
	h.set("sysctls", own)
	h.set("attach", []any{one})
}

// partedSysctls returns the settings of a host and those of its interface apart; nil
// where there are none.
func partedSysctls(all *mapping) (host, iface any) {
	if all == nil {
		return nil, nil
	}
	own, of := new(mapping), new(mapping)
	for _, f := range all.fields {
		if strings.HasPrefix(f.key, "net.") {
			own.set(f.key, f.value)
		} else {
			of.set(f.key, f.value)
		}
	}
	if len(own.fields) > 0 {
		host = own
	}
	if len(of.fields) > 0 {
		iface = of
	}
	return host, iface
}

// merged adds the fields of one mapping to another.
func merged(into, from any) any {
	a, ok := copied(into).(*mapping)
	b, also := from.(*mapping)
	if !ok || !also {
		return from
	}
	for _, f := range b.fields {
		a.set(f.key, f.value)
	}
	return a
}

// formOfAttachments writes a host's only attachment in another form: in the host,
// as a list, as a mapping. That does not change the lab.
func formOfAttachments(e *editor) string {
	p, ok := e.anyOf(hosts)
	if !ok {
		return ""
	}
	h := p.get()
	if len(h.list("attach")) > 1 {
		return ""
	}
	longForm(h)
	only := h.list("attach")[0].(*mapping)
	switch e.IntN(3) {
	case 0:
		h.set("attach", nil)
		for _, f := range only.fields {
			h.set(f.key, merged(h.get(f.key), f.value))
		}
	case 1:
		h.set("attach", only)
	}
	return p.name + ": its attachment is written in another form"
}

// attachAgain gives a host a further attachment.
func attachAgain(e *editor) string {
	p, ok := e.anyOf(hosts)
	if !ok {
		return ""
	}
	h := p.get()
	if len(h.list("attach")) > 2 {
		return ""
	}
	longForm(h)
	vrf, _ := oneOf(e, nameOf("vrfs")(e, nil), h.list("attach")[0].(*mapping).get("vrf")).(string)
	more := new(mapping)
	attach(e, more, vrf)
	if e.chance(2) {
		more.set("routes", routes(e, more))
	}
	h.set("attach", append(slices.Clone(h.list("attach")), any(more)))
	return p.name + ": attached once more, to " + vrf
}

func detach(e *editor) string {
	p, ok := e.anyOf(hosts)
	if !ok {
		return ""
	}
	all := slices.Clone(p.get().list("attach"))
	if len(all) < 2 {
		return ""
	}
	i := e.IntN(len(all))
	p.get().set("attach", slices.Delete(all, i, i+1))
	return fmt.Sprintf("%s: attachment %d removed", p.name, i)
}

// addAnnouncement adds a static route, perhaps with a next hop.
func addAnnouncement(e *editor) string {
	p, ok := e.anyOf(attachments)
	if !ok {
		return ""
	}
	at := p.get()
	more := announcement(e, at)
	at.set("announce", append(slices.Clone(at.list("announce")), more))
	return p.name + ": announces " + worded(more)
}

// announceNextHop gives an announcement another next hop, or none.
func announceNextHop(e *editor) string {
	for _, p := range attachments(e) {
		at := p.get()
		n, ok := e.anyOf(func(*editor) []place { return listed(at, "announce", p.name+" announce", "prefix") })
		if !ok || e.chance(4) {
			continue
		}
		one := n.get()
		one.set("next-hop", oneOf(e, nil, ownAddress(e, at), ownAddress(e, at)))
		return fmt.Sprintf("%s: next-hop %v", n.name, one.get("next-hop"))
	}
	return ""
}

// customerLAN makes a host with LANs announce them by BGP.
func customerLAN(e *editor) string {
	for _, p := range hosts(e) {
		h := p.get()
		if h.get("lans") == nil || !e.chance(2) {
			continue
		}
		at := oneOf(e, attachedTo(h, p.name)...).get()
		at.set("bgp", mapped("as", hostAS(e, at), "as-override", true))
		return p.name + ": announces its LANs by BGP"
	}
	return ""
}

func addSeries(e *editor) string {
	if len(e.file.list("series")) > 1 {
		return ""
	}
	s := mapped("on", nameOf("routers")(e, nil), "name", "s{i}-{vrf}", "rd", "64900:{vrf}", "step", "/16",
		"rows", []any{mapped("vrfs", rowVRF(e, nil), "subnet", seriesSubnet(e, nil))})
	switch vrf := s.get("rows").([]any)[0].(*mapping).get("vrfs").(type) {
	case string:
		if e.file.sub("vrfs").get(vrf) != nil {
			s.set("rd", nil) // which is the VRF's own
		}
	}
	if e.chance(2) {
		row := s.get("rows").([]any)[0].(*mapping)
		row.set("lan", seriesLAN(e, nil))
		row.set("subnet6", seriesSubnet6(e, nil))
		row.set("lan6", seriesLAN6(e, nil))
		s.set("step6", "/48")
	}
	e.file.set("series", append(e.list("series"), s))
	return "series added on " + s.get("on").(string)
}

func removeSeries(e *editor) string {
	at := e.list("series")
	if len(at) == 0 {
		return ""
	}
	e.file.set("series", at[1:])
	return "first series removed"
}

// addRow adds or removes a row of a series.
func addRow(e *editor) string {
	p, ok := e.anyOf(byRows)
	if !ok {
		return ""
	}
	s := p.get()
	at := slices.Clone(s.list("rows"))
	if len(at) > 1 && e.chance(2) {
		s.set("rows", at[1:])
		return p.name + ": first row removed"
	}
	s.set("rows", append(at, any(mapped("vrfs", rowVRF(e, nil), "subnet", seriesSubnet(e, nil)))))
	return p.name + ": row added"
}
