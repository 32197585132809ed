package collector

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"github.com/osrg/gobgp/v3/pkg/packet/bmp"

	"pseudowan/bgp/vpn"
	"pseudowan/status"
)

func addressOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	if a.Is4In6() && len(ip) == net.IPv6len {
		return a.Unmap()
	}
	return a
}

func keyOf(h bmp.BMPPeerHeader) peerKey {
	k := peerKey{kind: h.PeerType, distinguisher: h.PeerDistinguisher, address: addressOf(h.PeerAddress)}
	if k.kind == bmp.BMP_PEER_TYPE_LOCAL_RIB {
		k.address = netip.Addr{} // there is none, and the flag that tells its family means something else (RFC 9069 section 4.2)
	}
	return k
}

func headerOf(h bmp.BMPPeerHeader) peerHeader {
	p := peerHeader{peerKey: keyOf(h), as: h.PeerAS, id: addressOf(h.PeerBGPID), post: h.IsPostPolicy()}
	if h.Timestamp > 0 { // 0: not known (RFC 7854 section 4.2)
		p.at = time.UnixMicro(int64(h.Timestamp * 1e6)).UTC()
	}
	return p
}

// ribOf names the routes that a message is about (RFC 7854, RFC 8671, RFC 9069).
func ribOf(h bmp.BMPPeerHeader) status.CollectedRIB {
	switch {
	case h.PeerType == bmp.BMP_PEER_TYPE_LOCAL_RIB:
		return status.RIBLoc
	case h.IsAdjRIBOut() && h.IsPostPolicy():
		return status.RIBOutPost
	case h.IsAdjRIBOut():
		return status.RIBOutPre
	case h.IsPostPolicy():
		return status.RIBInPost
	}
	return status.RIBInPre
}

func monitoredOf(header bmp.BMPPeerHeader, body *bmp.BMPRouteMonitoring) monitored {
	m := monitored{peer: headerOf(header)}
	update, ok := body.BGPUpdate.Body.(*bgp.BGPUpdate)
	if !ok {
		return m
	}
	if end, family := update.IsEndOfRib(); end {
		m.end, m.family = true, family.String()
		return m
	}
	rib := ribOf(header)
	attributes := attributesOf(update.PathAttributes)
	announce := func(hop netip.Addr, nlri bgp.AddrPrefixInterface) {
		r := attributes
		r.NextHop = hop
		if labels := labelsOf(nlri); labels != nil {
			r.Labels = labels
		}
		k := routeKeyOf(rib, nlri)
		r.RIB, r.Family, r.RD, r.Prefix, r.PathID = k.rib, k.family, k.rd, k.prefix, k.pathID
		m.announced = append(m.announced, r)
	}
	withdraw := func(nlri bgp.AddrPrefixInterface) { m.withdrawn = append(m.withdrawn, routeKeyOf(rib, nlri)) }
	for _, nlri := range update.WithdrawnRoutes {
		withdraw(nlri)
	}
	for _, nlri := range update.NLRI {
		announce(attributes.NextHop, nlri)
	}
	for _, a := range update.PathAttributes {
		switch a := a.(type) {
		case *bgp.PathAttributeMpReachNLRI:
			for _, nlri := range a.Value {
				announce(addressOf(a.Nexthop), nlri)
			}
		case *bgp.PathAttributeMpUnreachNLRI:
			for _, nlri := range a.Value {
				withdraw(nlri)
			}
		}
	}
	return m
}

func routeKeyOf(rib status.CollectedRIB, nlri bgp.AddrPrefixInterface) routeKey {
	k := routeKey{rib: rib, family: bgp.AfiSafiToRouteFamily(nlri.AFI(), nlri.SAFI()).String(), pathID: nlri.PathIdentifier()}
	prefix := func(p net.IP, bits, extra int) {
		k.prefix = netip.PrefixFrom(addressOf(p), bits-extra).String()
	}
	of := func(n *bgp.LabeledVPNIPAddrPrefix) {
		prefix(n.Prefix, int(n.Length), 8*(n.Labels.Len()+n.RD.Len()))
		k.rd = distinguisherOf(n.RD)
	}
	switch n := nlri.(type) {
	case *bgp.LabeledVPNIPAddrPrefix:
		of(n)
	case *bgp.LabeledVPNIPv6AddrPrefix:
		of(&n.LabeledVPNIPAddrPrefix)
	case *bgp.LabeledIPAddrPrefix:
		prefix(n.Prefix, int(n.Length), 8*n.Labels.Len())
	case *bgp.LabeledIPv6AddrPrefix:
		prefix(n.Prefix, int(n.Length), 8*n.Labels.Len())
	default:
		k.prefix = nlri.String()
	}
	return k
}

func distinguisherOf(rd bgp.RouteDistinguisherInterface) string {
	if b, err := rd.Serialize(); err == nil && len(b) == 8 {
		if r, err := vpn.RDFromBytes([8]byte(b)); err == nil {
			return r.String()
		}
	}
	return rd.String()
}

func labelsOf(nlri bgp.AddrPrefixInterface) []uint32 {
	switch n := nlri.(type) {
	case *bgp.LabeledVPNIPAddrPrefix:
		return n.Labels.Labels
	case *bgp.LabeledVPNIPv6AddrPrefix:
		return n.Labels.Labels
	case *bgp.LabeledIPAddrPrefix:
		return n.Labels.Labels
	case *bgp.LabeledIPv6AddrPrefix:
		return n.Labels.Labels
	}
	return nil
}

// attributesOf returns a route with attributes. Lists without items are not nil, which
// clients would see as null.
func attributesOf(list []bgp.PathAttributeInterface) Route {
	r := Route{Labels: []uint32{}, Communities: []string{}, Large: []string{}, Extended: []string{}, ClusterList: []string{}}
	for _, a := range list {
		switch a := a.(type) {
		case *bgp.PathAttributeOrigin:
			r.Origin = originName(a.Value)
		case *bgp.PathAttributeAsPath:
			r.ASPath = bgp.AsPathString(a)
		case *bgp.PathAttributeNextHop:
			r.NextHop = addressOf(a.Value)
		case *bgp.PathAttributeMultiExitDisc:
			r.MED = &a.Value
		case *bgp.PathAttributeLocalPref:
			r.LocalPref = &a.Value
		case *bgp.PathAttributeCommunities:
			for _, c := range a.Value {
				r.Communities = append(r.Communities, vpn.Community(c).String())
			}
		case *bgp.PathAttributeLargeCommunities:
			for _, c := range a.Values {
				r.Large = append(r.Large, c.String())
			}
		case *bgp.PathAttributeExtendedCommunities:
			r.Extended = extendedOf(a.Value)
		case *bgp.PathAttributeOriginatorId:
			r.OriginatorID = addressOf(a.Value).String()
		case *bgp.PathAttributeClusterList:
			for _, id := range a.Value {
				r.ClusterList = append(r.ClusterList, addressOf(id).String())
			}
		}
	}
	return r
}

func originName(v uint8) string {
	names := []string{"igp", "egp", "incomplete"}
	if int(v) < len(names) {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

func extendedOf(list []bgp.ExtendedCommunityInterface) []string {
	out := []string{}
	for _, c := range list {
		if b, err := c.Serialize(); err == nil && len(b) == 8 {
			out = append(out, vpn.ExtendedCommunity(b).String())
		}
	}
	return slices.Clip(out)
}

// clean keeps control characters of routers out of terminals and logs.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
