package router

import (
	"net/netip"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/lsp"
	"pseudowan/router/mplsecho"
)

// echo answers MPLS echo (RFC 8029). Requests come from links of the core alone, those over
// which label-switched paths lead: who is behind another one, a border or a NIC, may write any
// source into them. Meters limit how many the switch hands up.
type echo struct{ *loop }

// hear takes a packet that the switch has handed up at the end of its path, or of its TTL,
// and reports whether it is a request of MPLS echo.
func (e echo) hear(p ovs.PacketIn, now time.Time) bool {
	if p.Reason != pipeline.ReasonEcho && p.Reason != pipeline.ReasonTTL {
		return false
	}
	if link := e.links.Port(p.Port); link == nil || !link.Echo {
		return false
	}
	request, ok := mplsecho.Read(p.Frame)
	if !ok {
		return false
	}
	if p.Popped != 0 {
		request.Stack = []mplsecho.Label{{Value: p.Popped}}
	}
	e.answer(request, now)
	return true
}

// answer answers a request if its source is a router to which there is a path: nobody else
// has to do with labels.
func (e echo) answer(request mplsecho.Packet, now time.Time) {
	source := request.Source.Addr()
	own := e.loopbackOf(source.Is4())
	if !own.IsValid() || !e.lsps.Reaches(source) || e.inject == nil {
		return
	}
	reply, ok := mplsecho.Answer(mplsecho.Asked{Packet: request, At: now, Router: own}, e)
	if !ok {
		return
	}
	frame, err := mplsecho.ReplyFrame(own, request.Source, reply.Append(nil))
	if err == nil {
		err = e.inject(pipeline.Global, frame)
	}
	if err != nil {
		e.log.Warn("cannot answer MPLS echo", "to", source, "error", err)
	}
}

// loopbackOf returns the router's own loopback of a family; invalid if it has none.
func (l *loop) loopbackOf(v4 bool) netip.Addr {
	for to := range l.lsps.Own() {
		if to.Addr().Is4() == v4 {
			return to.Addr()
		}
	}
	return netip.Addr{}
}

// Bound implements mplsecho.Bindings.
func (e echo) Bound(f mplsecho.FEC) (b mplsecho.Binding, ok bool) {
	if f.VPN {
		return e.boundRoute(bgp.Key{RD: f.RD, Prefix: f.Prefix})
	}
	for to, label := range e.lsps.Own() {
		if to == f.Prefix {
			return mplsecho.Binding{Label: uint32(label), Egress: true}, true
		}
	}
	p, ok := e.lsps.Path(f.Prefix)
	return mplsecho.Binding{Label: uint32(p.In), Next: mappingOf(p)}, ok
}

// boundRoute is Bound for the route of a VPN: the router's own, or one that it tells on
// across a border.
func (e echo) boundRoute(key bgp.Key) (b mplsecho.Binding, ok bool) {
	label, own, ok := e.vrfs.Speech().Label(key)
	if !ok || own {
		return mplsecho.Binding{Label: uint32(label), Egress: own}, ok
	}
	passed, ok := e.border.Passed(key.RD, key.Prefix)
	if !ok {
		return b, false
	}
	b = mplsecho.Binding{Label: uint32(passed.In), Next: mplsecho.Mapping{NextHop: passed.Route.NextHop}}
	hop := passed.Route.NextHop
	if p, far := e.lsps.Path(netip.PrefixFrom(hop, hop.BitLen())); far {
		b.Next = mappingOf(p)
	} else if link := e.links.Of(hop); link != nil {
		b.Next.MTU = link.MTU
	}
	b.Next.Labels = append(b.Next.Labels, mplsecho.Label{Value: uint32(passed.Route.Label)})
	return b, true
}

// Transit implements mplsecho.Bindings.
func (e echo) Transit(label uint32) (mplsecho.Mapping, bool) {
	for _, p := range e.lsps.Paths() {
		if p.In == vpn.Label(label) && label != 0 {
			return mappingOf(p), true
		}
	}
	return mplsecho.Mapping{}, false
}

func mappingOf(p lsp.Path) mplsecho.Mapping {
	return mplsecho.Mapping{MTU: p.MTU(), NextHop: p.Addr, Labels: []mplsecho.Label{{Value: uint32(p.Out)}}}
}
