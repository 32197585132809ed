package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/vpn"
)

// CustomerBGP is what a router has agreed with a host that speaks BGP
// (RFC 4364 section 7): the sessions on one attachment, which differ in
// nothing but their family.
type CustomerBGP struct {
	AS       uint32            `json:"as"` // of the host; never the router's
	Sessions []CustomerSession `json:"sessions"`

	HoldTime     time.Duration `json:"hold_time"`
	Keepalive    time.Duration `json:"keepalive"`
	ConnectRetry time.Duration `json:"connect_retry"`
	Passive      bool          `json:"passive,omitempty"`      // the router waits for the host to connect
	Password     string        `json:"password,omitempty"`     // TCP-MD5 (RFC 2385)
	MaxPrefixes  uint32        `json:"max_prefixes,omitempty"` // of each session; more end it. 0: no limit
	ASOverride   bool          `json:"as_override,omitempty"`  // towards the host, the router's AS stands in the place of the host's
	AllowOwnAS   uint8         `json:"allow_own_as,omitempty"` // how often the router's AS may stand in the AS path of a route of the host

	Networks []netip.Prefix `json:"networks,omitempty"` // LANs of the host that it is to announce
}

// CustomerSession is the session of one family; its routes are of the same
// family as its addresses.
type CustomerSession struct {
	Family       vpn.Family `json:"family"` // ipv4 or ipv6
	LocalAddress netip.Addr `json:"local_address"`
	PeerAddress  netip.Addr `json:"peer_address"`
}

// customerFamily is a family of plain routes.
type customerFamily vpn.Family

// defaultMaxPrefixes is how many prefixes a host may announce in a session that
// says nothing about it.
const defaultMaxPrefixes = 10_000

// mostOwnAS bounds allow-own-as: more is a mistake.
const mostOwnAS = 10

type customerSettings struct {
	AS           value[asNumber]         `json:"as" jsonschema:"required,minimum=1,maximum=4294967294" doc:"AS number of the host, other than the router's."`
	Families     []value[customerFamily] `json:"families" doc:"Address families, each with a session of its own." default:"those of the host's addresses"`
	HoldTime     value[lifetime]         `json:"hold-time" doc:"Hold time, 3 s to 65535 s." default:"40s"`
	Keepalive    value[lifetime]         `json:"keepalive" doc:"Interval between keepalives." default:"a third of the hold time"`
	ConnectRetry value[lifetime]         `json:"connect-retry" doc:"Time between attempts to connect, 1 s to 65535 s." default:"2s"`
	Passive      value[bool]             `json:"passive" doc:"Whether the router waits for the host to connect." default:"false"`
	Password     value[string]           `json:"password" doc:"TCP-MD5 password (RFC 2385) of 80 octets at most."`
	MaxPrefixes  value[uint32]           `json:"max-prefixes" doc:"Number of prefixes in a family beyond which the session ends until this is edited; attributes of more than 512 octets a prefix on average end it, too. 0 for no limit." default:"10000"`
	ASOverride   value[bool]             `json:"as-override" doc:"Whether the router replaces the host's AS number by its own in AS paths towards the host, so that sites of one AS accept each other's routes." default:"false"`
	AllowOwnAS   value[uint32]           `json:"allow-own-as" jsonschema:"maximum=10" doc:"How often the router's AS number may occur in the AS path of a route from the host, as it does in a hub's." default:"0"`
}

// rawCustomerBGP is an AS number, or a mapping.
type rawCustomerBGP struct {
	at pos
	customerSettings
}

// customerBGP resolves the sessions with a host on an attachment.
func (b *builder) customerBGP(raw rawAttachment, a Attachment, element string) *CustomerBGP {
	in := raw.BGP
	if in.at == (pos{}) {
		return nil
	}
	b.checkCustomerAS(in, a, element)
	b.checkOptions(in.options(), element)
	if in.AllowOwnAS.has && in.AllowOwnAS.v > mostOwnAS {
		b.refuse(in.AllowOwnAS.at, element, fmt.Sprintf("allow-own-as %d is more than %d", in.AllowOwnAS.v, mostOwnAS), "use 1")
	}
	if in.HoldTime.has && in.HoldTime.v == 0 {
		b.refuse(in.HoldTime.at, element, "a session with a host needs a hold time", "use 3 to 65535 seconds, or remove hold-time")
	}
	s := in.options().session()
	return &CustomerBGP{
		AS: uint32(in.AS.v), Sessions: b.customerSessions(in, a, element),
		HoldTime: s.HoldTime, Keepalive: s.Keepalive, ConnectRetry: s.ConnectRetry,
		Passive: s.Passive, Password: s.Password, MaxPrefixes: in.MaxPrefixes.or(defaultMaxPrefixes),
		ASOverride: in.ASOverride.v, AllowOwnAS: uint8(min(in.AllowOwnAS.v, mostOwnAS)),
	}
}

// options are the settings that sessions between routers have, too.
func (c customerSettings) options() bgpOptions {
	return bgpOptions{
		HoldTime: c.HoldTime, Keepalive: c.Keepalive, ConnectRetry: c.ConnectRetry,
		Passive: c.Passive, Password: c.Password, MaxPrefixes: c.MaxPrefixes,
	}
}

func (b *builder) checkCustomerAS(in rawCustomerBGP, a Attachment, element string) {
	i, known := b.router[a.Router]
	switch {
	case in.AS.missing():
		b.refuse(in.at, element, "speaks BGP without an AS number", "write bgp: 65100, or add as:")
	case in.AS.has && known && uint32(in.AS.v) == b.lab.Routers[i].AS:
		b.refuse(in.AS.at, element, fmt.Sprintf("has the AS number of its router %s, but the session between them is an external one", a.Router),
			"give the host an AS number of its own, as 65100")
	}
}

// customerSessions pairs the host's first address of each family with its
// gateway.
func (b *builder) customerSessions(in rawCustomerBGP, a Attachment, element string) []CustomerSession {
	var out []CustomerSession
	for _, f := range []vpn.Family{vpn.IPv4, vpn.IPv6} {
		asked := func(v value[customerFamily]) bool { return v.v == customerFamily(f) }
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

// announces leaves a LAN to the host's BGP.
func (b *builder) announces(c *CustomerBGP, lan value[netip.Prefix], element string) {
	prefix := lan.v.Masked()
	carries := func(s CustomerSession) bool { return s.PeerAddress.Is4() == prefix.Addr().Is4() }
	if !slices.ContainsFunc(c.Sessions, carries) {
		b.refuse(lan.at, element, fmt.Sprintf("LAN %s cannot be announced: the host has no %s session", prefix, familyName(prefix)),
			"give it an address of that family in addresses:")
		return
	}
	c.Networks = append(c.Networks, prefix)
}

// learnsRoutes tells that a host needs no static route of the family through
// the attachment: its BGP tells it.
func (a *Attachment) learnsRoutes(everything netip.Prefix) bool {
	return a.BGP != nil && slices.ContainsFunc(a.BGP.Sessions, func(s CustomerSession) bool {
		return s.PeerAddress.Is4() == everything.Addr().Is4()
	})
}

func (c *rawCustomerBGP) read(d *decoder, n *yaml.Node) {
	c.at = at(n)
	scalarOr(d, n, &c.AS, &c.customerSettings)
}

// JSONSchema implements the interface that the reflector looks for.
func (rawCustomerBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[asNumber]](), schemaOf[customerSettings]())
}

// networks is what the host is to announce by BGP.
func (a *Attachment) networks() []netip.Prefix {
	if a.BGP == nil {
		return nil
	}
	return a.BGP.Networks
}
