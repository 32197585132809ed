package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// vrfLinkBuilder resolves the links that belong to VRFs (RFC 4364 section 10a).
type vrfLinkBuilder struct {
	*report
	lab      *Topology
	router   map[string]int // index of each router in lab.Routers
	sessions *sessionBuilder
	vrfs     *vrfBuilder
	claims   *vrfClaims
	noted    []notedLink
}

// notedLink is a link whose VRFs are still to be resolved.
type notedLink struct {
	raw     rawLink
	index   int // in lab.Links
	element string
}

func (b *vrfLinkBuilder) note(raw rawLink, index int, element string) {
	b.noted = append(b.noted, notedLink{raw, index, element})
}

// ofVRF reports whether the file says that a link belongs to VRFs.
func (raw *rawLink) ofVRF() bool {
	given := !raw.VRF.missing()
	for _, e := range raw.Ends {
		given = given || !e.settings.VRF.missing()
	}
	return given
}

// vrfAt returns the name of the VRF at an end.
func (raw *rawLink) vrfAt(i int) value[string] {
	return first(raw.Ends[i].settings.VRF, raw.VRF)
}

// checkOptionA refuses a link of VRFs where none can be.
func (b *linkBuilder) checkOptionA(raw rawLink, link Link, element string) InterAS {
	at := raw.VRF.at
	for i := range raw.Ends {
		at = raw.vrfAt(i).at
	}
	switch {
	case raw.InterAS.has && raw.InterAS.v != OptionA:
		b.refuse(raw.InterAS.at, element, fmt.Sprintf("inter-as: %s on a link that belongs to VRFs", raw.InterAS.v), "remove vrf:, or write inter-as: a")
	case raw.NIC.has:
		b.refuse(at, element, "a link with a NIC belongs to no VRF", "remove vrf:; a router that is not of the lab can be a host with bgp:")
	case len(link.Ends) != 2:
		b.refuse(at, element, fmt.Sprintf("a link of VRFs has two ends, not %d", len(link.Ends)), "write a link for each pair of routers")
	case b.oneAS(link):
		b.refuse(at, element, fmt.Sprintf("vrf: on a link between routers of one AS, %d, which exchange VPN routes", b.lab.Routers[b.router[link.Ends[0].Router]].AS), "remove it, or give the routers different AS numbers")
	case raw.BGP.mode.has:
		b.refuse(raw.BGP.at, element, fmt.Sprintf("bgp: %s on a link that belongs to VRFs", raw.BGP.mode.v), "remove it: the routers have a session for each IP version of the link")
	case raw.PortType.v == portAFXDP:
		b.refuse(raw.PortType.at, element, "port-type afxdp on a link that belongs to VRFs", "remove it")
	case raw.Metric.has, raw.Transport.v:
		b.refuse(first(raw.Metric, value[int]{at: raw.Transport.at, has: true}).at, element, "no label-switched path uses a link that belongs to VRFs", "remove metric and transport")
	default:
		return b.checkEndsOfVRFs(raw, element)
	}
	return ""
}

// checkEndsOfVRFs refuses ends without a VRF, and what they cannot have.
func (b *linkBuilder) checkEndsOfVRFs(raw rawLink, element string) InterAS {
	for i, e := range raw.Ends {
		switch {
		case raw.vrfAt(i).missing():
			b.refuse(e.name.at, element, fmt.Sprintf("%s is in no VRF, and the other end is", e.name.v), "add vrf: to the link, or to both ends")
			return ""
		case e.settings.BGP.mode.has:
			b.refuse(e.settings.BGP.at, element, fmt.Sprintf("bgp: %s on a link that belongs to VRFs", e.settings.BGP.mode.v), "remove it")
			return ""
		case reflects(e):
			b.refuse(e.settings.BGP.RouteReflector.at, element, "a session in a VRF has no VPN routes to reflect", "remove route-reflector")
			return ""
		}
	}
	return OptionA
}

// build resolves the VRFs and the sessions of the links.
func (b *vrfLinkBuilder) build() {
	for _, n := range b.noted {
		link := &b.lab.Links[n.index]
		if p := n.raw.BGP.at; !n.raw.BGP.Peer.missing() || !n.raw.BGP.AS.missing() || n.raw.BGP.Neighbors != nil {
			b.refuse(p, n.element, "bgp: peer, as and neighbors are for links with a NIC", "remove them: both ends are known")
		}
		good := true
		for i := range link.Ends {
			good = b.use(n, i) && good
		}
		if !good {
			continue
		}
		for i := range link.Ends {
			link.Ends[i].VRF = n.raw.vrfAt(i).v
			link.Ends[i].BGP = b.session(n, *link, i)
		}
		b.sessions.checkPair(n.raw, b.sessions.options(n.raw, 0), b.sessions.options(n.raw, 1), n.element)
	}
}

// use records that an end of a link is in a VRF; false where there is no such VRF.
func (b *vrfLinkBuilder) use(n notedLink, i int) bool {
	name, end := n.raw.vrfAt(i), b.lab.Links[n.index].Ends[i]
	if !name.has {
		return false
	}
	if _, defined := b.vrfs.defined[name.v]; !defined {
		b.refuse(name.at, n.element, fmt.Sprintf("VRF %q is not in vrfs:", name.v), remedyFor(name.v, b.vrfs.defined))
		return false
	}
	key := vrfKey{end.Router, name.v}
	b.vrfs.use(key, vrfUse{at: name.at, element: n.element})
	seen := make(map[netip.Prefix]bool)
	for _, p := range end.Addresses {
		if !seen[p.Masked()] {
			seen[p.Masked()] = true
			b.claims.add(key, claim{p.Masked(), connected, n.raw.Ends[i].name.at, "link end " + n.raw.Ends[i].name.v.String()})
		}
	}
	return true
}

// session returns the sessions of an end with the other one: one for each IP version, as with
// a host.
func (b *vrfLinkBuilder) session(n notedLink, link Link, i int) *CustomerBGP {
	near, far := link.Ends[i], link.Ends[1-i]
	options := b.sessions.options(n.raw, i)
	for _, k := range session.Knobs(session.Routers) {
		given := n.raw.BGP.Session.has(k.Key) || n.raw.Ends[i].settings.BGP.Session.has(k.Key)
		if given && !slices.ContainsFunc(session.Knobs(session.Hosts), func(h *session.Knob) bool { return h.Key == k.Key }) {
			b.refuse(options.at(k.Key), n.element, k.Key+" is for sessions that carry VPN routes, and the link belongs to VRFs", "remove it")
		}
	}
	b.checkSettings(options, session.Hosts, n.element)
	c := &CustomerBGP{AS: b.lab.Routers[b.router[far.Router]].AS, Settings: options.resolved(session.Hosts)}
	like := Attachment{Addresses: far.Addresses, Gateways: near.Addresses}
	var families []vpn.Family
	for _, f := range []vpn.Family{vpn.IPv4, vpn.IPv6} {
		if s, ok := customerSession(f, like); ok {
			c.Sessions, families = append(c.Sessions, s), append(families, f)
		}
	}
	b.sessions.policies.useAtSession(options, families, n.element)
	return c
}

// acrossVRFs returns the instances to which links of VRFs lead, by the name of their ends
// there.
func (t *Topology) acrossVRFs() map[string]vrfKey {
	out := make(map[string]vrfKey)
	for _, l := range t.Links {
		for _, e := range l.Ends {
			if e.VRF != "" {
				out[e.name()] = vrfKey{e.Router, e.VRF}
			}
		}
	}
	return out
}

// name is how the file names an end. No host has such a name.
func (e LinkEnd) name() string { return e.Router + ":" + e.Interface }

// AtVRF returns an end of a link that belongs to VRFs as an attachment, as if the other
// router were a host; false if the link belongs to none.
func (l Link) AtVRF(i int) (HostAttachment, bool) {
	if l.Ends[i].VRF == "" {
		return HostAttachment{}, false
	}
	near, far := l.Ends[i], l.Ends[1-i]
	return HostAttachment{Host: far.name(), Attachment: Attachment{
		Router: near.Router, VRF: near.VRF, Interface: far.Interface, MTU: l.MTU,
		Addresses: far.Addresses, Gateways: near.Addresses, BGP: near.BGP,
	}}, true
}
