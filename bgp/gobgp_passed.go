package bgp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	api "github.com/osrg/gobgp/v3/api"
	"github.com/osrg/gobgp/v3/pkg/apiutil"
	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"pseudowan/bgp/vpn"
)

// decodePassed reads an attribute that is only passed on. Those that the engine
// understands, and this package does not, are its octets again.
func decodePassed(a *anypb.Any) (Attribute, error) {
	native, err := apiutil.UnmarshalAttribute(a)
	if err != nil {
		return Attribute{}, err
	}
	b, err := native.Serialize()
	if err != nil {
		return Attribute{}, err
	}
	head := 3
	if gobgp.BGPAttrFlag(b[0])&gobgp.BGP_ATTR_FLAG_EXTENDED_LENGTH != 0 {
		head = 4
	}
	const kept = gobgp.BGP_ATTR_FLAG_OPTIONAL | gobgp.BGP_ATTR_FLAG_TRANSITIVE | gobgp.BGP_ATTR_FLAG_PARTIAL
	return Attribute{Type: b[1], Flags: b[0] & uint8(kept), Value: string(b[head:])}, nil
}

// encodePassed encodes attributes that are only passed on. Those that nobody here
// recognizes say so (RFC 4271 section 5).
func encodePassed(list []Attribute) ([]proto.Message, error) {
	var out []proto.Message
	for _, a := range list {
		switch {
		case a.Type == attributeAtomicAggregate:
			out = append(out, &api.AtomicAggregateAttribute{})
		case a.Type == attributeAggregator && len(a.Value) == 8:
			v := []byte(a.Value)
			out = append(out, &api.AggregatorAttribute{Asn: binary.BigEndian.Uint32(v), Address: netip.AddrFrom4([4]byte(v[4:])).String()})
		case a.Type == attributeAggregator:
			return nil, fmt.Errorf("AGGREGATOR of %d octets", len(a.Value))
		case a.Type == attributeSet: // recognized
			out = append(out, &api.UnknownAttribute{Flags: uint32(optional | transitive), Type: attributeSet, Value: []byte(a.Value)})
		default:
			flags := gobgp.BGPAttrFlag(a.Flags) | gobgp.BGP_ATTR_FLAG_PARTIAL
			out = append(out, &api.UnknownAttribute{Flags: uint32(flags), Type: uint32(a.Type), Value: []byte(a.Value)})
		}
	}
	return out, nil
}

func (r *Route) addPassed(a *anypb.Any) error {
	passed, err := decodePassed(a)
	if err != nil {
		return err
	}
	r.Passed = append(r.Passed, passed)
	slices.SortFunc(r.Passed, func(a, b Attribute) int { return int(a.Type) - int(b.Type) })
	return nil
}

// encodeExtended appends communities that are no route targets.
func encodeExtended(m *api.ExtendedCommunitiesAttribute, list []vpn.ExtendedCommunity) error {
	for _, c := range list {
		packed, err := anypb.New(&api.UnknownExtended{Type: uint32(c[0]), Value: slices.Clone(c[1:])})
		if err != nil {
			return err
		}
		m.Communities = append(m.Communities, packed)
	}
	return nil
}

// otherCommunity is the octets of a community of a type that is no route target.
func otherCommunity(a *anypb.Any) (vpn.ExtendedCommunity, error) {
	packed, err := anypb.New(&api.ExtendedCommunitiesAttribute{Communities: []*anypb.Any{a}})
	if err != nil {
		return vpn.ExtendedCommunity{}, err
	}
	native, err := apiutil.UnmarshalAttribute(packed)
	if err != nil {
		return vpn.ExtendedCommunity{}, err
	}
	b, err := native.(*gobgp.PathAttributeExtendedCommunities).Value[0].Serialize()
	if err != nil || len(b) != 8 {
		return vpn.ExtendedCommunity{}, fmt.Errorf("extended community of %d octets: %w", len(b), err)
	}
	return vpn.ExtendedCommunity(b), nil
}
