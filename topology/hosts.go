package topology

import (
	"fmt"
	"net/netip"
)

// Bounds on hosts and what they have.
const (
	maxHosts = 10000
	maxLANs  = 30000 // of all hosts together
	maxOwn   = 4000  // LANs of one host: the kernel's work on an interface grows with their number
	maxPorts = 65277 // of a router: OpenFlow's last is 0xfeff, and two are reserved for the first link
)

// hostBuilder fills Hosts.
type hostBuilder struct {
	*report
	raw        *rawTopology
	lab        *Topology
	runtimes   runtimes // available to hosts
	names      *nodeNames
	lans       *lanCount
	series     *seriesBuilder
	attachment *attachmentBuilder
	claims     *vrfClaims
	pending    []pendingRoutes
}

// build adds the hosts: those of hosts: first, then those of series:.
func (b *hostBuilder) build() {
	all := b.raw.Hosts
	written := all[:len(all):len(all)]
	for _, s := range b.raw.Series {
		written = append(written, s.copies...)
	}
	for _, e := range written {
		if !b.lans.reserve(e.key.at, "host "+e.key.v, len(e.value.LANs)) {
			return
		}
	}
	for i, s := range b.raw.Series {
		if s.copied {
			all = append(all, s.copies...)
			continue
		}
		all = append(all, b.series.expand(s.rawRows, fmt.Sprintf("series[%d]", i), maxHosts-len(all))...)
	}
	if len(all) > maxHosts {
		b.refuse(all[maxHosts].key.at, "hosts", fmt.Sprintf("more than %d hosts", maxHosts), "split the lab")
		return
	}
	for _, e := range all {
		b.names.claim(e.key, "host")
		b.lab.Hosts = append(b.lab.Hosts, b.host(e.key.v, e.value))
	}
	b.neighbors()
}

// lanCount counts the LANs of all hosts.
type lanCount struct {
	*report
	n int
}

// reserve refuses more LANs than a host or a lab may have, before they are made.
func (l *lanCount) reserve(at pos, element string, n int) bool {
	if n > maxOwn {
		l.refuse(at, element, fmt.Sprintf("%d LANs behind one host, more than %d", n, maxOwn), "distribute them over several hosts, or write a shorter prefix")
		return false
	}
	if n > maxLANs-l.n {
		l.refuse(at, element, fmt.Sprintf("more than %d LANs in the lab", maxLANs), "give hosts fewer LANs")
		return false
	}
	l.n += n
	return true
}

// ports refuses routers with more ports than a switch can number: two for each
// link, one for each host, and one more for a host that speaks BGP.
func (b *labBuilder) ports() {
	ports := make(map[string]int)
	for _, l := range b.lab.Links {
		for _, e := range l.Ends {
			ports[e.Router] += 2
		}
	}
	for _, s := range b.lab.Segments {
		for _, r := range s.Routers {
			ports[r.Router]++
		}
	}
	for _, h := range b.lab.Hosts {
		for _, a := range h.Attachments {
			ports[a.Router]++
			if a.BGP != nil {
				ports[a.Router]++
			}
		}
	}
	for _, e := range b.raw.Routers {
		if n := ports[e.key.v]; n > maxPorts {
			b.refuse(e.key.at, "router "+e.key.v, fmt.Sprintf("its links and hosts need %d ports, more than %d", n, maxPorts), "distribute them over several routers")
		}
	}
}

// host resolves one host.
func (b *hostBuilder) host(name string, raw rawHost) Host {
	element := "host " + name
	settings := raw.hostSettings.over(b.raw.Defaults.Host.hostSettings, b.runtimes)
	settings.Services = b.withClient(settings.Services, raw, element)
	b.checkEnvironment(settings.Env, element)
	b.checkCommand(settings.Command, element)
	h := Host{
		Name: name, Runtime: string(settings.Runtime.v),
		Command: texts(settings.Command), Env: environment(settings.Env), Files: b.files(settings.Files, settings.Mounts, element),
		Forward: raw.Forward.v, Rewrites: raw.Rewrites.v, Services: b.services(settings.Services, element), Packages: b.packages(settings.Packages, element),
	}
	if h.Rewrites && !h.Forward {
		b.refuse(raw.Rewrites.at, element, "rewrites what passes it, but does not forward", "add forward: true")
	}
	h.Sysctls, raw.Sysctls = b.hostSysctls(raw, element)
	machine := b.runtimes.machines(first(settings.Runtime, b.raw.Runtime).v)
	if machine {
		b.machine(&h, raw, settings, element)
	} else {
		b.containerSettings(&h, settings, element)
		h.Keep = b.keeps(settings.Keep, h.Files, h.Mounts, element)
	}
	attach := b.attachments(raw, element)
	interfaces := make(map[string]bool)
	for i, a := range attach {
		where := element
		if len(attach) > 1 {
			where = fmt.Sprintf("%s, attach[%d]", element, i)
		}
		done := b.resolve(a, i, where, len(attach) == 1)
		if interfaces[done.Interface] {
			b.refuse(first(a.Interface, given(a.At, "")).at, where, fmt.Sprintf("interface %s is used twice", done.Interface), "use another name")
		}
		interfaces[done.Interface] = true
		if len(done.ProxyND) > 0 && !h.Forward {
			b.refuse(a.ProxyND[0].at, where, "answers for others by proxy-nd, but does not forward", "add forward: true")
		}
		if machine {
			b.machineAttachment(a, done, where)
		}
		if done.Segment != "" {
			b.pending = append(b.pending, pendingRoutes{a, len(b.lab.Hosts), i, where, len(attach) == 1})
		}
		h.Attachments = append(h.Attachments, done)
	}
	b.client(&h, raw, attach, element)
	b.hostLANs(&h, raw, attach, element, interfaces)
	b.warnGuarded(h, raw, attach, element)
	for i, a := range attach {
		if s := b.lab.Segment(h.Attachments[i]); s != nil {
			b.claims.onSegment(s, a, element)
			continue
		}
		b.claims.attachment(h.Attachments[i], a, element)
	}
	return h
}

// attachments returns what the host is attached to, in the long form.
func (b *hostBuilder) attachments(raw rawHost, element string) []rawAttachment {
	short := raw.rawAttachment
	short.At = raw.At
	direct := !short.To.missing() || !short.VRF.missing() || len(short.Addresses) > 0
	switch {
	case direct && len(raw.Attach) > 0:
		b.refuse(raw.At, element, "has attach: as well as the keys of an attachment", "move to:, vrf: and addresses: into attach:")
	case !direct && len(raw.Attach) == 0:
		b.refuse(raw.At, element, "has no attachment", "add to: pe1, vrf: red, addresses: [10.1.0.2/24]")
		return nil
	case direct:
		return []rawAttachment{short}
	}
	return raw.Attach
}

// over fills the unset settings of s from base.
func (s hostSettings) over(base hostSettings, known runtimes) hostSettings {
	if !known.machines(first(s.Runtime, base.Runtime).v) || s.Runtime.missing() {
		s = s.overContainer(base, known)
	}
	if s.Runtime.missing() || known.machines(s.Runtime.v) {
		s.machineSettings = s.machineSettings.over(base.machineSettings)
	}
	s.Runtime = first(s.Runtime, base.Runtime)
	if s.Command == nil {
		s.Command = base.Command
	}
	s.Services = mergeServices(s.Services, base.Services)
	if s.Keep == nil {
		s.Keep = base.Keep
	}
	if s.Packages == nil {
		s.Packages = base.Packages
	}
	s.Env = append(base.Env[:len(base.Env):len(base.Env)], s.Env...)
	s.Files = append(base.Files[:len(base.Files):len(base.Files)], s.Files...)
	return s
}

func texts(values []value[string]) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.v)
	}
	return out
}

func environment(env entries[value[string]]) map[string]string {
	var out map[string]string
	for _, e := range env {
		if out == nil {
			out = make(map[string]string)
		}
		out[e.key.v] = e.value.v
	}
	return out
}

// hostLANs gives the host its LANs, and the attachments that carry them the static
// routes.
func (b *hostBuilder) hostLANs(h *Host, raw rawHost, attach []rawAttachment, element string, interfaces map[string]bool) {
	via := b.lanCarriers(h, raw, element)
	b.checkOwnNetworks(h, raw, via, element)
	for i, lan := range raw.LANs {
		if !lan.has {
			continue
		}
		if name := fmt.Sprintf("eth%d", len(attach)+i); interfaces[name] {
			b.refuse(lan.at, element, fmt.Sprintf("its LAN needs the interface %s, which an attachment has", name), "rename the attachment's interface")
		}
		address := lan.v
		if address == address.Masked() && !address.IsSingleIP() {
			address, _ = usable(lan.v, 0)
		}
		if !address.IsValid() || badUnicast(lan.v.Addr()) != "" {
			b.checkSubnet(lan.at, element, lan.v)
			continue
		}
		if !b.checkHostAddress(lan.at, element, address) {
			continue
		}
		h.LANs = append(h.LANs, address)
		for _, k := range via {
			b.lanStatic(&h.Attachments[k], attach[k], lan, element)
		}
	}
}

// lanCarriers returns the indexes of the attachments that carry the LANs.
func (b *hostBuilder) lanCarriers(h *Host, raw rawHost, element string) []int {
	if len(raw.LANsVia) == 0 {
		return []int{0}[:min(1, len(h.Attachments))]
	}
	index := make(map[string]int)
	for i, a := range h.Attachments {
		index[a.Interface] = i
	}
	var via []int
	for _, name := range raw.LANsVia {
		i, known := index[name.v]
		if name.has && !known {
			b.refuse(name.at, element, fmt.Sprintf("no attachment has the interface %q", name.v), suggest(name.v, index))
		}
		if known {
			via = append(via, i)
		}
	}
	return via
}

// lanStatic adds the router's static route to a LAN.
func (b *hostBuilder) lanStatic(a *Attachment, raw rawAttachment, lan value[netip.Prefix], element string) {
	prefix := lan.v.Masked()
	instances := b.lab.instances(*a)
	if len(instances) == 0 {
		return
	}
	nextHop, ok := addressOf(a.Addresses, prefix)
	switch {
	case a.BGP != nil:
		b.attachment.customer.announces(a.BGP, lan, element)
	case !ok:
		b.refuse(lan.at, element, fmt.Sprintf("LAN %s needs a next hop, but the host has no static %s address on %s", prefix, familyName(prefix), a.Interface),
			"give it one in addresses:")
		return
	default:
		a.Statics = append(a.Statics, Static{Prefix: prefix, NextHop: nextHop})
	}
	for _, key := range instances {
		b.claims.add(key, claim{prefix: prefix, kind: lanOf, at: lan.at, element: element})
	}
}

// addressOf returns the first of the addresses that has the family of p.
func addressOf(addresses []netip.Prefix, p netip.Prefix) (netip.Addr, bool) {
	for _, a := range addresses {
		if a.Addr().Is4() == p.Addr().Is4() {
			return a.Addr(), true
		}
	}
	return netip.Addr{}, false
}

func familyName(p netip.Prefix) string {
	if p.Addr().Is4() {
		return "IPv4"
	}
	return "IPv6"
}
