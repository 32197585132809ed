package topology

import (
	"net/netip"
	"reflect"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// rawTerm is one term of a policy.
type rawTerm struct {
	At    pos                  `json:"-"`
	Match rawMatch             `json:"match" doc:"What a route must fulfil, all of it; of a list, one item suffices." default:"every route"`
	Set   rawSet               `json:"set" doc:"What is changed of the route."`
	Then  value[policy.Action] `json:"then" doc:"What becomes of the route: accept, reject, or next, which goes on with the next term and at the end with the next policy." default:"accept"`
}

type rawMatch struct {
	Prefixes    oneOrMany[value[listEntry]]               `json:"prefixes" doc:"Names of prefix lists, or entries of one."`
	Family      oneOrMany[value[anyFamily]]               `json:"family" doc:"Address family: vpnv4 or vpnv6 of routers and VRFs, ipv4 or ipv6 of hosts."`
	Communities oneOrMany[value[policy.Communities]]      `json:"communities" doc:"Communities (RFC 1997), as 65001:100, 65001:* or no-export; several in one item have to be there all."`
	Large       oneOrMany[value[policy.LargeCommunities]] `json:"large-communities" doc:"Large communities (RFC 8092), as 65001:1:2 or 65001:*:*."`
	RTs         oneOrMany[value[vpn.RouteTarget]]         `json:"rts" doc:"Route targets."`
	SoO         oneOrMany[value[vpn.SiteOfOrigin]]        `json:"soo" doc:"Sites of origin."`
	Extended    oneOrMany[value[vpn.ExtendedCommunity]]   `json:"extended-communities" doc:"Extended communities of any type: rt:65000:1, soo:65000:1, or 0x and 16 hexadecimal digits."`
	ASPath      oneOrMany[value[policy.ASPathPattern]]    `json:"as-path" doc:"Regular expressions over the AS path as it is printed, nearest AS first. An underscore stands for the begin or end of the path, a space, a comma or a bracket; ^$ is the empty path."`
	NextHop     oneOrMany[value[hopRange]]                `json:"next-hop" doc:"Prefixes or addresses that the next hop lies in."`
	RD          oneOrMany[value[vpn.RD]]                  `json:"rd" doc:"Route distinguishers."`
	MED         oneOrMany[value[policy.Range]]            `json:"med" doc:"MEDs or ranges of them, as 50 or 50-100. A route without has 0."`
}

type rawSet struct {
	MED         value[uint32]                                        `json:"med" doc:"MED."`
	LocalPref   value[uint32]                                        `json:"local-pref" doc:"Local preference. It stays in the AS."`
	Weight      value[uint32]                                        `json:"weight" doc:"Weight: the router prefers the highest, before the local preference. It is never sent."`
	NextHop     value[netip.Addr]                                    `json:"next-hop" doc:"Next hop."`
	Prepend     rawPrepend                                           `json:"prepend" doc:"What the AS path is lengthened by: the AS numbers, nearest first, or how often the router's AS stands there once more; where routes are received, the neighbour's."`
	Communities rawEdit[vpn.Community, policy.CommunityPattern]      `json:"communities" doc:"Changes of the communities."`
	Large       rawEdit[vpn.LargeCommunity, policy.CommunityPattern] `json:"large-communities" doc:"Changes of the large communities."`
	RTs         rawEdit[vpn.RouteTarget, vpn.RouteTarget]            `json:"rts" doc:"Changes of the route targets."`
	SoO         rawEdit[vpn.SiteOfOrigin, vpn.SiteOfOrigin]          `json:"soo" doc:"Changes of the sites of origin."`
}

// rawEdit changes communities of one kind.
type rawEdit[V, P any] struct {
	at pos
	editSettings[V, P]
}

type editSettings[V, P any] struct {
	Add     oneOrMany[value[V]] `json:"add" doc:"What is added."`
	Delete  oneOrMany[value[P]] `json:"delete" doc:"What is deleted first."`
	Replace oneOrMany[value[V]] `json:"replace" doc:"What takes the place of all of them; [] for nothing."`
}

func (e *rawEdit[V, P]) read(d *decoder, n *yaml.Node) {
	e.at = at(n)
	if !isNull(n) {
		d.structure(reflect.ValueOf(&e.editSettings).Elem(), n)
	}
}

// JSONSchema implements the interface that the reflector looks for.
func (rawEdit[V, P]) JSONSchema() *jsonschema.Schema { return schemaOf[editSettings[V, P]]() }

// rawPrepend is a number, or a list of AS numbers.
type rawPrepend struct {
	times value[uint32]
	as    []value[asNumber]
}

func (p *rawPrepend) read(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		d.list(reflect.ValueOf(&p.as).Elem(), n)
		return
	}
	p.times.read(d, n)
}

// JSONSchema implements the interface that the reflector looks for.
func (rawPrepend) JSONSchema() *jsonschema.Schema {
	return either(integer("1"), list(schemaOf[value[asNumber]]()))
}

type (
	// listEntry is an entry of a prefix list, or the name of another list.
	listEntry struct {
		entry policy.PrefixRange
		list  string
	}
	anyFamily vpn.Family
	hopRange  netip.Prefix // of an address, with its full length
)

func parseListEntry(p *listEntry, s string) *fault {
	if s != "" && nodeName.MatchString(s) {
		p.list = s
		return nil
	}
	return parseWith(&p.entry, s, policy.ParsePrefixRange, "write 10.0.0.0/8, 10.0.0.0/8 le 24, 10.0.0.0/8 ge 16 le 24, except 10.1.0.0/16, or the name of a prefix list")
}

func parseHopRange(p *hopRange, s string) *fault {
	var a netip.Addr
	if parseAddr(&a, s) == nil {
		*p = hopRange(netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	return parseNetwork((*network)(p), s)
}

func parseCommunity(p *vpn.Community, s string) *fault {
	return parseWith(p, s, vpn.ParseCommunity, "write it as 65001:100")
}

func parseLargeCommunity(p *vpn.LargeCommunity, s string) *fault {
	return parseWith(p, s, vpn.ParseLargeCommunity, "write it as 65001:1:2")
}

func parseCommunities(p *policy.Communities, s string) *fault {
	return parseWith(p, s, policy.ParseCommunities, "write it as 65001:100 or 65001:*")
}

func parseLargeCommunities(p *policy.LargeCommunities, s string) *fault {
	return parseWith(p, s, policy.ParseLargeCommunities, "write it as 65001:1:2 or 65001:*:*")
}

// parseCommunityPattern reads a pattern of either kind; those of the other one
// are refused where the kind is known.
func parseCommunityPattern(p *policy.CommunityPattern, s string) *fault {
	if err := p.UnmarshalText([]byte(s)); err != nil {
		return &fault{err.Error(), "write it as 65001:100 or 65001:*, a large one as 65001:1:2"}
	}
	return nil
}

func parseASPath(p *policy.ASPathPattern, s string) *fault {
	return parseWith(p, s, policy.ParseASPathPattern, "write a regular expression, as ^65002_ or _65003$")
}

func parseRange(p *policy.Range, s string) *fault {
	return parseWith(p, s, policy.ParseRange, "write it as 50 or 50-100")
}

func parseSite(p *vpn.SiteOfOrigin, s string) *fault {
	return parseWith(p, s, vpn.ParseSiteOfOrigin, adminRemedy)
}

func parseExtended(p *vpn.ExtendedCommunity, s string) *fault {
	return parseWith(p, s, vpn.ParseExtendedCommunity, "write it as rt:65000:1, soo:65000:1 or 0x030b000000000001")
}

// policyForms are how the scalars of policies are written.
var policyForms = []form{
	scalar(parseListEntry, &jsonschema.Schema{Type: "string"}),
	scalar(parseHopRange, pattern(`^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$`)),
	scalar(parseCommunity, pattern(`^([0-9]+:[0-9]+|[a-z-]+)$`)),
	scalar(parseLargeCommunity, pattern(`^[0-9]+(:[0-9]+){2}$`)),
	scalar(parseCommunities, &jsonschema.Schema{Type: "string"}),
	scalar(parseLargeCommunities, &jsonschema.Schema{Type: "string"}),
	scalar(parseCommunityPattern, pattern(`^(([0-9]+|\*)(:([0-9]+|\*)){1,2}|[a-z-]+)$`)),
	scalar(parseASPath, either(pattern(""), integer("0"))),
	scalar(parseRange, either(integer("0"), pattern(`^[0-9]+(-[0-9]+)?$`))),
	scalar(parseSite, pattern(adminPattern)),
	scalar(parseExtended, pattern(`^((rt|soo):([0-9]+L?|[0-9]+(\.[0-9]+){3}):[0-9]+|0x[0-9A-Fa-f]{16})$`)),
	word(policy.Accept, policy.Reject, policy.Next),
	word(anyFamily(vpn.VPNv4), anyFamily(vpn.VPNv6), anyFamily(vpn.IPv4), anyFamily(vpn.IPv6)),
}
