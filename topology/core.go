package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Core is the transport of the routers' own network: label-switched paths between the
// loopbacks of the routers of an AS (RFC 8277). The loopback of a router is its ID.
type Core struct {
	ExplicitNull bool `json:"explicit_null,omitempty"` // the last router but one leaves a label (RFC 4182)
	Pipe         bool `json:"pipe,omitempty"`          // the core is one hop to packets (RFC 3443)
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
		return
	}
	b.lab.Core = &Core{ExplicitNull: raw.Null.v == nullExplicit, Pipe: raw.PropagateTTL.has && !raw.PropagateTTL.v}
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
	case raw.NIC.has:
		if raw.Metric.has || raw.Transport.v {
			b.refuse(first(raw.Metric, value[int]{at: raw.Transport.at, has: true}).at, element, "no label-switched path uses a link with a NIC", "remove metric and transport")
		}
		return 0
	case raw.Transport.has && !raw.Transport.v || raw.BGP.mode.v == "none" || !b.oneAS(link) && link.InterAS != OptionC:
		return 0
	}
	b.checkMetric(raw.Metric, element)
	return uint32(max(1, raw.Metric.or(core.Metric.or(defaultMetric))))
}

// oneAS reports whether the routers on a link are of one AS.
func (b *linkBuilder) oneAS(l Link) bool {
	return !slices.ContainsFunc(l.Ends, func(e LinkEnd) bool {
		return b.lab.Routers[b.router[e.Router]].AS != b.lab.Routers[b.router[l.Ends[0].Router]].AS
	})
}

// labeled makes a session one of labelled routes. What is set for VPN routes stays with
// the sessions that carry them.
func labeled(s session.Settings) session.Settings {
	d := session.Default(session.Routers)
	d.Families = []vpn.Family{vpn.LabeledIPv4}
	d.HoldTime, d.Keepalive, d.ConnectRetry = s.HoldTime, s.Keepalive, s.ConnectRetry
	d.Passive, d.Password, d.GTSM = s.Passive, s.Password, s.GTSM
	d.BFD, d.BFDMinTx, d.BFDMinRx, d.BFDMultiplier = s.BFD, s.BFDMinTx, s.BFDMinRx, s.BFDMultiplier
	d.Description, d.Shutdown, d.Communication = s.Description, s.Shutdown, s.Communication
	return d
}

// loopbacks adds the sessions that carry VPN routes between the routers of each AS: those
// with VRFs, and the reflectors.
func (b *coreBuilder) loopbacks() {
	if b.lab.Core == nil || len(b.problems) > 0 {
		return
	}
	b.checkLoopbacks()
	islands := b.lab.islands()
	for i, near := range b.lab.Routers {
		for j, far := range b.lab.Routers {
			if i == j || !b.wanted(near, far) || near.AS != far.AS && islands[near.Name] != islands[far.Name] {
				continue
			}
			if islands[near.Name] != islands[far.Name] && i < j {
				b.refuse(b.raw.Core.at, "core", fmt.Sprintf("no links of the core lead from %s to %s, which are to exchange VPN routes", near.Name, far.Name),
					"add links between routers of their AS that have no transport: false")
				return
			}
			s := Session{
				Router: near.Name, Interface: LoopbackInterface, LocalAddress: near.ID, PeerAddress: far.ID, PeerAS: far.AS, PeerRouter: far.Name,
				Client: near.AS == far.AS && b.reflects(near) && !b.reflects(far), Settings: b.sessions.defaults.resolved(session.Routers),
			}
			s.GTSM, s.IPv6NextHop, s.LocalAS = 0, false, 0
			if near.AS != far.AS {
				s.Multihop, s.NextHopUnchanged = maxMultihop, b.reflects(near)
			} else if b.reflects(near) && b.abroad(near, islands) {
				s.NextHopSelf = false
			}
			b.lab.Sessions = append(b.lab.Sessions, s)
		}
	}
}

// maxMultihop is the TTL of packets to a peer in another AS, however far it is.
const maxMultihop = 255

// abroad reports whether label-switched paths lead from a router to another AS.
func (b *coreBuilder) abroad(r Router, islands map[string]int) bool {
	return slices.ContainsFunc(b.lab.Routers, func(o Router) bool { return o.AS != r.AS && islands[o.Name] == islands[r.Name] })
}

// wanted reports whether two routers have a session. In an AS all that exchange VPN routes
// do or, if it has reflectors, each with these; of two ASes the reflectors do, or all where
// there are none.
func (b *coreBuilder) wanted(x, y Router) bool {
	switch {
	case !b.speaks(x) || !b.speaks(y):
		return false
	case x.AS == y.AS:
		return !b.reflected(x.AS) || b.reflects(x) || b.reflects(y)
	}
	return b.reflects(x) == b.reflected(x.AS) && b.reflects(y) == b.reflected(y.AS)
}

// speaks reports whether a router exchanges VPN routes.
func (b *coreBuilder) speaks(r Router) bool {
	return b.reflects(r) || slices.ContainsFunc(b.lab.VRFs, func(v VRF) bool { return v.Router == r.Name }) || b.lab.borders()[r.Name]
}

// reflected reports whether an AS has reflectors.
func (b *coreBuilder) reflected(as uint32) bool {
	return slices.ContainsFunc(b.lab.Routers, func(r Router) bool { return r.AS == as && b.reflects(r) })
}

func (b *coreBuilder) reflects(r Router) bool {
	return slices.ContainsFunc(b.raw.Core.Reflectors, func(v value[string]) bool { return v.v == r.Name })
}

// checkLoopbacks refuses loopbacks that are addresses of links.
func (b *coreBuilder) checkLoopbacks() {
	for _, e := range b.raw.Routers {
		r := b.lab.Routers[b.router[e.key.v]]
		at := first(e.value.ID, value[netip.Addr]{at: e.key.at, has: true}).at
		if r.ID.IsLinkLocalUnicast() {
			b.refuse(at, "router "+r.Name, fmt.Sprintf("id %s is the router's loopback in the core, and link-local", r.ID), "use an address such as 10.255.0.1")
		}
		for _, l := range b.lab.Links {
			for _, end := range l.Ends {
				if onLink(end, netip.PrefixFrom(r.ID, r.ID.BitLen())) {
					b.refuse(at, "router "+r.Name, fmt.Sprintf("id %s is the router's loopback in the core, and in a subnet of %s:%s", r.ID, end.Router, end.Interface), "use an address outside of all links")
					return
				}
			}
		}
	}
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
		for _, l := range t.Links {
			if l.Metric == 0 {
				continue
			}
			for _, e := range l.Ends {
				if a, b := island[l.Ends[0].Router], island[e.Router]; a != b {
					island[l.Ends[0].Router], island[e.Router] = min(a, b), min(a, b)
					changed = true
				}
			}
		}
	}
	return island
}

// Loopbacks lists the other routers to whose loopbacks a router has a label-switched path.
func (t *Topology) Loopbacks(router string) (list []Router) {
	island := t.islands()
	for _, r := range t.Routers {
		if r.Name != router && island[r.Name] == island[router] {
			list = append(list, r)
		}
	}
	return list
}

// loopbackOf returns the router with a loopback; "" if there is none.
func (t *Topology) loopbackOf(a netip.Addr) string {
	if t.Core == nil {
		return ""
	}
	for _, r := range t.Routers {
		if r.ID == a {
			return r.Name
		}
	}
	return ""
}
