package bgp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	api "github.com/osrg/gobgp/v3/api"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"pseudowan/bgp/vpn"
)

// announce adds a local path to the table, or replaces the one with the same RD
// and prefix.
func (e *engine) announce(ctx context.Context, r Route) error {
	p, err := pathOf(r, e.carries)
	if err != nil {
		return err
	}
	_, err = e.server.AddPath(ctx, &api.AddPathRequest{TableType: api.TableType_GLOBAL, Path: p})
	return err
}

// withdraw removes a local path from the table.
func (e *engine) withdraw(ctx context.Context, r Route) error {
	nlri, err := encodeNLRI(r, e.carries)
	if err != nil {
		return err
	}
	return e.server.DeletePath(ctx, &api.DeletePathRequest{TableType: api.TableType_GLOBAL, Path: &api.Path{
		Nlri: nlri, Family: familyAPI(familyFor(r, e.carries)), IsWithdraw: true,
	}})
}

// rib lists the paths of a family, or only those of some destinations.
func (e *engine) rib(ctx context.Context, family vpn.Family, only ...*api.TableLookupPrefix) ([]RIBPath, error) {
	var paths []RIBPath
	err := e.server.ListPath(ctx, &api.ListPathRequest{TableType: api.TableType_GLOBAL, Family: familyAPI(family), Prefixes: only},
		func(d *api.Destination) {
			for _, p := range d.GetPaths() {
				r, err := routeOf(p, e.as)
				if err != nil { // a path that cannot be decoded hides no other
					r = Route{Unusable: fmt.Sprintf("%s cannot be decoded: %v", d.GetPrefix(), err)}
				}
				paths = append(paths, RIBPath{Route: r, Best: p.GetBest() && r.Unusable == ""})
			}
		})
	return paths, errors.Join(err, ctx.Err())
}

// pathOf encodes a route of ours.
func pathOf(r Route, kind carriage) (*api.Path, error) {
	nlri, err := encodeNLRI(r, kind)
	if err != nil {
		return nil, err
	}
	family := familyAPI(familyFor(r, kind))
	nextHop := r.NextHop
	if !nextHop.IsValid() {
		nextHop = unspecified(r.Prefix)
	}
	attributes := []proto.Message{
		&api.OriginAttribute{Origin: uint32(r.Origin)},
		&api.MpReachNLRIAttribute{Family: family, NextHops: []string{nextHop.String()}, Nlris: []*anypb.Any{nlri}},
	}
	if len(r.ASPath) > 0 {
		attributes = append(attributes, encodeASPath(r.ASPath))
	}
	if r.MED != nil {
		attributes = append(attributes, &api.MultiExitDiscAttribute{Med: *r.MED})
	}
	if r.LocalPref != nil {
		attributes = append(attributes, &api.LocalPrefAttribute{LocalPref: *r.LocalPref})
	}
	if r.AIGP != nil {
		attributes = append(attributes, encodeAIGP(*r.AIGP))
	}
	if r.OriginatorID.IsValid() {
		attributes = append(attributes, &api.OriginatorIdAttribute{Id: r.OriginatorID.String()})
	}
	if len(r.ClusterList) > 0 {
		attributes = append(attributes, &api.ClusterListAttribute{Ids: clusterIDs(r.ClusterList)})
	}
	attributes = append(attributes, encodeCommunities(r)...)
	if len(r.Targets)+len(r.Extended) > 0 {
		communities, err := encodeTargets(r.Targets)
		if err == nil {
			err = encodeExtended(communities, r.Extended)
		}
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, communities)
	}
	passed, err := encodePassed(r.Passed)
	if err != nil {
		return nil, err
	}
	attributes = append(attributes, passed...)
	p := &api.Path{Nlri: nlri, Family: family}
	p.Pattrs, err = packAll(attributes)
	return p, err
}

// routeOf decodes a path in the table of a speaker of the AS. A withdrawn one may
// have no attributes.
func routeOf(p *api.Path, as uint32) (Route, error) {
	r, err := nlriOf(p)
	if err != nil {
		return Route{}, err
	}
	r.PathID, r.Stale = p.GetIdentifier(), p.GetStale()
	if !isLocal(p) {
		peer, err := netip.ParseAddr(p.GetNeighborIp())
		if err != nil {
			return Route{}, fmt.Errorf("peer: %w", err)
		}
		r.Peer = peer.Unmap()
		r.PeerAS, r.IBGP = p.GetSourceAsn(), p.GetSourceAsn() == as
		r.PeerID, _ = netip.ParseAddr(p.GetSourceId())
	}
	if p.GetIsWithdraw() {
		return Route{RD: r.RD, Prefix: r.Prefix, PathID: r.PathID, Peer: r.Peer}, nil
	}
	for _, a := range p.GetPattrs() {
		if err := decodeAttribute(&r, a); err != nil {
			return Route{}, fmt.Errorf("%s of RD %s: %w", r.Prefix, r.RD, err)
		}
	}
	if isLocal(p) && r.NextHop.IsValid() && r.NextHop.IsUnspecified() {
		r.NextHop = unspecified(r.Prefix)
	}
	return r, nil
}

func decodeAttribute(r *Route, a *anypb.Any) error {
	m, err := a.UnmarshalNew()
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *api.OriginAttribute:
		r.Origin = Origin(m.GetOrigin())
	case *api.AsPathAttribute:
		r.ASPath = decodeASPath(m)
	case *api.MultiExitDiscAttribute:
		r.MED = &m.Med
	case *api.LocalPrefAttribute:
		r.LocalPref = &m.LocalPref
	case *api.MpReachNLRIAttribute:
		return r.decodeNextHops(m.GetNextHops())
	case *api.NextHopAttribute:
		r.NextHop, err = netip.ParseAddr(m.GetNextHop())
	case *api.CommunitiesAttribute:
		r.Communities = decodeCommunities(m)
	case *api.LargeCommunitiesAttribute:
		decodeLargeCommunities(r, m)
	case *api.ExtendedCommunitiesAttribute:
		return decodeExtended(r, m)
	case *api.UnknownAttribute, *api.AtomicAggregateAttribute, *api.AggregatorAttribute,
		*api.PmsiTunnelAttribute, *api.TunnelEncapAttribute, *api.IP6ExtendedCommunitiesAttribute:
		return r.addPassed(a)
	case *api.PrefixSID:
		if len(m.GetTlvs()) > 0 && r.Unusable == "" {
			r.Unusable = "it needs SRv6 (RFC 9252)"
		}
	case *api.OriginatorIdAttribute:
		r.OriginatorID, err = netip.ParseAddr(m.GetId())
	case *api.ClusterListAttribute:
		return r.decodeClusterList(m.GetIds())
	case *api.AigpAttribute:
		r.AIGP = decodeAIGP(m)
	}
	return err
}

// decodeNextHops keeps the first next hop: the others are link-local.
func (r *Route) decodeNextHops(hops []string) error {
	if len(hops) == 0 {
		return nil
	}
	hop, err := netip.ParseAddr(hops[0])
	if err != nil {
		return fmt.Errorf("next hop: %w", err)
	}
	r.NextHop = hop.Unmap()
	return nil
}

func (r *Route) decodeClusterList(ids []string) error {
	for _, id := range ids {
		a, err := netip.ParseAddr(id)
		if err != nil {
			return fmt.Errorf("cluster list: %w", err)
		}
		r.ClusterList = append(r.ClusterList, a)
	}
	return nil
}

func clusterIDs(list []netip.Addr) []string {
	ids := make([]string, len(list))
	for i, a := range list {
		ids[i] = a.String()
	}
	return ids
}

// isLocal reports whether the path originates here.
func isLocal(p *api.Path) bool {
	return p.GetNeighborIp() == "" || p.GetNeighborIp() == "<nil>"
}

func unspecified(p netip.Prefix) netip.Addr {
	if p.Addr().Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// codes are the AFI and SAFI of each family (RFC 4760).
var codes = map[vpn.Family]struct {
	afi  api.Family_Afi
	safi api.Family_Safi
}{
	vpn.VPNv4: {api.Family_AFI_IP, api.Family_SAFI_MPLS_VPN},
	vpn.VPNv6: {api.Family_AFI_IP6, api.Family_SAFI_MPLS_VPN},
	vpn.IPv4:  {api.Family_AFI_IP, api.Family_SAFI_UNICAST},
	vpn.IPv6:  {api.Family_AFI_IP6, api.Family_SAFI_UNICAST},

	vpn.LabeledIPv4: {api.Family_AFI_IP, api.Family_SAFI_MPLS_LABEL},
	vpn.LabeledIPv6: {api.Family_AFI_IP6, api.Family_SAFI_MPLS_LABEL},
}

func familyAPI(f vpn.Family) *api.Family {
	return &api.Family{Afi: codes[f].afi, Safi: codes[f].safi}
}

func familyOf(f *api.Family) (vpn.Family, bool) {
	for family, c := range codes {
		if c.afi == f.GetAfi() && c.safi == f.GetSafi() {
			return family, true
		}
	}
	return "", false
}

func packAll(messages []proto.Message) ([]*anypb.Any, error) {
	packed := make([]*anypb.Any, 0, len(messages))
	for _, m := range messages {
		a, err := anypb.New(m)
		if err != nil {
			return nil, err
		}
		packed = append(packed, a)
	}
	return packed, nil
}
