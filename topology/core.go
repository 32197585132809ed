package topology

import (
	"fmt"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Core is the transport of the routers' own network: label-switched paths between the
// loopbacks of the routers of an AS (RFC 8277). The IPv4 loopback of a router is its ID.
type Core struct {
	Families     []vpn.Family `json:"families"`                // of the loopbacks: ipv4, ipv6 or, in this order, both
	ExplicitNull bool         `json:"explicit_null,omitempty"` // the last router but one leaves a label (RFC 4182)
	Pipe         bool         `json:"pipe,omitempty"`          // the core is one hop to packets (RFC 3443)
}

// LoopbackInterface is the interface of sessions between loopbacks.
const LoopbackInterface = "lo"

// defaultMetric is the metric of a link of the core.
const defaultMetric = 10

// coreBuilder fills Core and the sessions between loopbacks.
type coreBuilder struct {
	*report
	raw      *rawTopology
	lab      *Topology
	router   map[string]int // index of each router in lab.Routers
	sessions *sessionBuilder
}

// build reads the settings.
func (b *coreBuilder) build() {
	raw := b.raw.Core
	if !raw.given() {
		b.loopbacks6(false)
		return
	}
	families := b.families()
	b.loopbacks6(slices.Contains(families, vpn.IPv6))
	b.lab.Core = &Core{Families: families, ExplicitNull: raw.Null.v == nullExplicit, Pipe: raw.PropagateTTL.has && !raw.PropagateTTL.v}
	b.checkMetric(raw.Metric, "core")
	seen := map[string]bool{}
	for _, r := range raw.Reflectors {
		_, known := b.router[r.v]
		switch {
		case !r.has:
		case !known:
			b.refuse(r.at, "core", fmt.Sprintf("no router is named %q", r.v), suggest(r.v, b.router))
		case seen[r.v]:
			b.refuse(r.at, "core", fmt.Sprintf("%s is named twice among the reflectors", r.v), "remove one")
		}
		seen[r.v] = true
	}
}

// families returns those of the core.
func (b *coreBuilder) families() (list []vpn.Family) {
	for _, f := range b.raw.Core.Families {
		switch family := vpn.Family(f.v); {
		case !f.has:
		case slices.Contains(list, family):
			b.refuse(f.at, "core", fmt.Sprintf("family %s is named twice", family), "remove one")
		default:
			list = append(list, family)
		}
	}
	if len(list) == 0 {
		return []vpn.Family{vpn.IPv4}
	}
	slices.Sort(list)
	return list
}

func (r *report) checkMetric(m value[int], element string) {
	const most = 1 << 24
	if m.has && (m.v < 1 || m.v > most) {
		r.refuse(m.at, element, fmt.Sprintf("metric %d", m.v), fmt.Sprintf("use a number from 1 to %d", most))
	}
}

// link returns the metric of a link in the core; 0 if label-switched paths do not use it.
func (b *linkBuilder) coreMetric(raw rawLink, link Link, element string) uint32 {
	core := b.core
	switch {
	case !core.given():
		for _, v := range []struct {
			at  pos
			has bool
			key string
		}{{raw.Metric.at, raw.Metric.has, "metric"}, {raw.Transport.at, raw.Transport.has, "transport"}} {
			if v.has {
				b.refuse(v.at, element, v.key+" is for labs with core", "add core: labeled-unicast to the lab, or remove it")
			}
		}
		return 0
	case raw.NIC.has && !raw.Metric.has && !raw.Transport.v && link.InterAS != OptionC:
		return 0
	case raw.Transport.has && !raw.Transport.v || raw.BGP.mode.v == "none" || !b.oneAS(link) && link.InterAS != OptionC:
		return 0
	}
	b.checkMetric(raw.Metric, element)
	return uint32(max(1, raw.Metric.or(core.Metric.or(defaultMetric))))
}

// checkCoreMTU refuses links whose packets under the label of a path are not long enough for
// IPv6, if there are such paths.
func (b *linkBuilder) checkCoreMTU(mtu value[int], link Link, element string) {
	const least = leastMTU6 + 4 // an entry of the label stack
	if link.Metric > 0 && slices.Contains(b.lab.Core.Families, vpn.IPv6) && mtu.v >= leastMTU6 && mtu.v < least {
		b.refuse(mtu.at, element, fmt.Sprintf("with the label of a path, MTU %d has no room for IPv6 packets of %d octets (RFC 8200)", mtu.v, leastMTU6), fmt.Sprintf("use at least %d", least))
	}
}

// oneAS reports whether the routers on a link are of one AS.
func (b *linkBuilder) oneAS(l Link) bool {
	return !slices.ContainsFunc(l.Ends, func(e LinkEnd) bool {
		return b.lab.Routers[b.router[e.Router]].AS != b.lab.Routers[b.router[l.Ends[0].Router]].AS
	})
}

// labeled makes a session one of labelled routes. What is set for VPN routes stays with
// the sessions that carry them.
func labeled(s session.Settings, f vpn.Family) session.Settings {
	d := session.Default(session.Routers)
	d.Families = []vpn.Family{f.Labeled()}
	d.HoldTime, d.Keepalive, d.ConnectRetry = s.HoldTime, s.Keepalive, s.ConnectRetry
	d.Passive, d.Password, d.GTSM = s.Passive, s.Password, s.GTSM
	d.BFD, d.BFDMinTx, d.BFDMinRx, d.BFDMultiplier = s.BFD, s.BFDMinTx, s.BFDMinRx, s.BFDMultiplier
	d.Description, d.Shutdown, d.Communication = s.Description, s.Shutdown, s.Communication
	return d
}

// joins lists what label-switched paths connect: the ends of each link that they use, and
// those with a NIC of each AS, whose routers behind them are taken to be connected.
func (t *Topology) joins() [][]LinkEnd {
	var out [][]LinkEnd
	as, outside := t.systems(), make(map[uint32][]LinkEnd)
	for _, l := range t.Links {
		switch own := l.Ends; {
		case l.Metric == 0:
		case l.NIC != "" && l.InterAS != OptionC:
			outside[as[own[0].Router]] = append(outside[as[own[0].Router]], own[0])
		default:
			out = append(out, own)
		}
	}
	for _, ends := range outside {
		out = append(out, ends)
	}
	return out
}

// islands numbers the parts of the lab that label-switched paths connect, by router.
func (t *Topology) islands() map[string]int {
	island := make(map[string]int, len(t.Routers))
	for i, r := range t.Routers {
		island[r.Name] = i
	}
	if t.Core == nil {
		return island
	}
	for changed := true; changed; {
		changed = false
		for _, ends := range t.joins() {
			for _, e := range ends {
				if a, b := island[ends[0].Router], island[e.Router]; a != b {
					island[ends[0].Router], island[e.Router] = min(a, b), min(a, b)
					changed = true
				}
			}
		}
	}
	return island
}
