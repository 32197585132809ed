package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// CustomerBGP is the BGP between a router and a host (RFC 4364 section 7): the
// sessions on one attachment, which differ only in their family.
type CustomerBGP struct {
	AS       uint32            `json:"as"` // of the host; other than the router's, unless the session is internal
	Sessions []CustomerSession `json:"sessions"`

	session.Settings

	Networks []netip.Prefix `json:"networks,omitempty"` // LANs that the host must announce
}

// CustomerSession is the session of one family, which is that of its addresses and
// of its routes.
type CustomerSession struct {
	Family       vpn.Family `json:"family"` // ipv4 or ipv6
	LocalAddress netip.Addr `json:"local_address"`
	PeerAddress  netip.Addr `json:"peer_address"`
}

// plainFamily is a family of plain routes, or the IP version of addresses.
type plainFamily vpn.Family

type customerSettings struct {
	AS       value[asNumber]      `json:"as" jsonschema:"required,minimum=1,maximum=4294967294" doc:"AS number of the host, other than the router's unless with ibgp."`
	Families []value[plainFamily] `json:"families" doc:"Address families, each with a session of its own." default:"those of the host's addresses"`
	Session  hostSession          `json:"-"`
}

// rawCustomerBGP is an AS number, or a mapping.
type rawCustomerBGP struct {
	at pos
	customerSettings
}

// customerBuilder resolves the BGP sessions of hosts.
type customerBuilder struct {
	*report
	lab      *Topology
	router   map[string]int // index of each router in lab.Routers
	policies *policyBuilder
}

// resolve resolves the sessions with a host on an attachment.
func (b *customerBuilder) resolve(raw rawAttachment, a Attachment, element string) *CustomerBGP {
	in := raw.BGP
	if in.at == (pos{}) {
		return nil
	}
	b.checkCustomerAS(in, a, element)
	b.checkSettings(in.Session.sessionKeys, session.Hosts, element)
	sessions := b.customerSessions(in, a, element)
	var families []vpn.Family
	for _, s := range sessions {
		families = append(families, s.Family)
	}
	if s := in.Session; s.has("as-override") && s.v.ASOverride && s.v.IBGP {
		b.refuse(s.at("as-override"), element, "as-override in an internal session, which changes no AS path", "remove it, or ibgp:")
	}
	b.policies.useAtSession(in.Session.sessionKeys, families, element)
	return &CustomerBGP{
		AS: uint32(in.AS.v), Sessions: sessions, Settings: in.Session.resolved(session.Hosts),
	}
}

func (b *customerBuilder) checkCustomerAS(in rawCustomerBGP, a Attachment, element string) {
	i, known := b.router[a.Router]
	switch {
	case in.AS.missing():
		b.refuse(in.at, element, "speaks BGP without an AS number", "write bgp: 65100, or add as:")
	case in.AS.has && known && uint32(in.AS.v) == b.lab.Routers[i].AS && !in.Session.v.IBGP:
		b.refuse(in.AS.at, element, fmt.Sprintf("has the AS number of its router %s, but the session between them is an external one", a.Router),
			"give the host an AS number of its own, such as 65100, or add ibgp: true")
	}
}

// customerSessions pairs the host's first address of each family with its
// gateway.
func (b *customerBuilder) customerSessions(in rawCustomerBGP, a Attachment, element string) []CustomerSession {
	var out []CustomerSession
	for _, f := range []vpn.Family{vpn.IPv4, vpn.IPv6} {
		asked := func(v value[plainFamily]) bool { return v.v == plainFamily(f) }
		if in.Families != nil && !slices.ContainsFunc(in.Families, asked) {
			continue
		}
		s, ok := customerSession(f, a)
		if ok {
			out = append(out, s)
			continue
		}
		if i := slices.IndexFunc(in.Families, asked); i >= 0 {
			b.refuse(in.Families[i].at, element, fmt.Sprintf("has no static %s address for its BGP session", familyWords[f]), "add one to addresses:")
		}
	}
	if len(out) == 0 && len(in.Families) == 0 && len(a.Addresses)+len(a.Gateways) > 0 {
		b.refuse(in.at, element, "has no static address for a BGP session", "add one to addresses:, or a family to families:")
	}
	return out
}

var familyWords = map[vpn.Family]string{vpn.IPv4: "IPv4", vpn.IPv6: "IPv6"}

func customerSession(f vpn.Family, a Attachment) (CustomerSession, bool) {
	for _, p := range a.Addresses {
		for _, g := range a.Gateways {
			if p.Addr().Is4() == (f == vpn.IPv4) && g.Masked() == p.Masked() {
				return CustomerSession{Family: f, LocalAddress: g.Addr(), PeerAddress: p.Addr()}, true
			}
		}
	}
	return CustomerSession{}, false
}

// announces makes a LAN one that the host announces by BGP.
func (b *customerBuilder) announces(c *CustomerBGP, lan value[netip.Prefix], element string) {
	prefix := lan.v.Masked()
	carries := func(s CustomerSession) bool { return s.PeerAddress.Is4() == prefix.Addr().Is4() }
	if !slices.ContainsFunc(c.Sessions, carries) {
		b.refuse(lan.at, element, fmt.Sprintf("LAN %s cannot be announced: the host has no %s session", prefix, familyName(prefix)),
			"give it an address of that family in addresses:")
		return
	}
	c.Networks = append(c.Networks, prefix)
}

// learnsRoutes reports whether a host learns routes of the family by BGP on the
// attachment, and so needs no static ones.
func (a *Attachment) learnsRoutes(everything netip.Prefix) bool {
	return a.BGP != nil && !a.BGP.Shutdown && slices.ContainsFunc(a.BGP.Sessions, func(s CustomerSession) bool {
		return s.PeerAddress.Is4() == everything.Addr().Is4()
	})
}

func (c *rawCustomerBGP) read(d *decoder, n *yaml.Node) {
	c.at = at(n)
	scalarOr(d, n, &c.AS, &c.customerSettings)
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawCustomerBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[asNumber]](), schemaOf[customerSettings]())
}

// networks returns the networks that the host must announce by BGP.
func (a *Attachment) networks() []netip.Prefix {
	if a.BGP == nil || a.BGP.Shutdown {
		return nil
	}
	return a.BGP.Networks
}
