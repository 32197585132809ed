package bgp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	api "github.com/osrg/gobgp/v3/api"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"pseudowan/bgp/vpn"
)

func encodeNLRI(r Route, kind carriage) (*anypb.Any, error) {
	switch kind {
	case carriesPlain:
		return anypb.New(&api.IPAddressPrefix{PrefixLen: uint32(r.Prefix.Bits()), Prefix: r.Prefix.Addr().String()})
	case carriesLabeled:
		return anypb.New(&api.LabeledIPAddressPrefix{
			Labels: []uint32{uint32(r.Label)}, PrefixLen: uint32(r.Prefix.Bits()), Prefix: r.Prefix.Addr().String(),
		})
	}
	rd, err := encodeRD(r.RD)
	if err != nil {
		return nil, err
	}
	return anypb.New(&api.LabeledVPNIPAddressPrefix{
		Labels: []uint32{uint32(r.Label)}, Rd: rd,
		PrefixLen: uint32(r.Prefix.Bits()), Prefix: r.Prefix.Addr().String(),
	})
}

// nlriOf decodes the NLRI into a new route. What is valid but unsupported makes
// the route unusable.
func nlriOf(p *api.Path) (Route, error) {
	if p.GetNlri().MessageIs(&api.IPAddressPrefix{}) {
		prefix, err := plainNLRI(p)
		return Route{Prefix: prefix, Unusable: martianOf(p, prefix)}, err
	}
	if p.GetNlri().MessageIs(&api.LabeledIPAddressPrefix{}) {
		return labeledNLRI(p)
	}
	var n api.LabeledVPNIPAddressPrefix
	if err := p.GetNlri().UnmarshalTo(&n); err != nil {
		return Route{}, fmt.Errorf("NLRI: %w", err)
	}
	rd, err := decodeRD(n.GetRd())
	if err != nil {
		return Route{}, fmt.Errorf("NLRI: %w", err)
	}
	prefix, err := prefixOf(p, n.GetPrefix(), n.GetPrefixLen())
	if err != nil {
		return Route{}, fmt.Errorf("NLRI: %w", err)
	}
	r := Route{RD: rd, Prefix: prefix, Unusable: martianOf(p, prefix)}
	r.setLabel(p, n.GetLabels())
	return r, nil
}

// labeledNLRI reads the prefix and label of a route without RD.
func labeledNLRI(p *api.Path) (Route, error) {
	var n api.LabeledIPAddressPrefix
	if err := p.GetNlri().UnmarshalTo(&n); err != nil {
		return Route{}, fmt.Errorf("NLRI: %w", err)
	}
	prefix, err := prefixOf(p, n.GetPrefix(), n.GetPrefixLen())
	if err != nil {
		return Route{}, fmt.Errorf("NLRI: %w", err)
	}
	r := Route{Prefix: prefix, Unusable: martianOf(p, prefix)}
	r.setLabel(p, n.GetLabels())
	return r, nil
}

// setLabel takes the labels of a path's NLRI.
func (r *Route) setLabel(p *api.Path, labels []uint32) {
	switch {
	case p.GetIsWithdraw(), len(labels) == 0:
	case len(labels) > 1:
		// All of several labels must be pushed (RFC 8277).
		r.Label, r.Unusable = vpn.Label(labels[0]&uint32(vpn.LabelMax)), fmt.Sprintf("it carries %d labels; one is supported", len(labels))
	case labels[0] > uint32(vpn.LabelMax):
		r.Unusable = "its label is that of a withdrawal (RFC 8277 section 2.4)"
	default:
		r.Label = vpn.Label(labels[0])
	}
}

func encodeAIGP(metric uint64) *api.AigpAttribute {
	tlv, err := anypb.New(&api.AigpTLVIGPMetric{Metric: metric})
	if err != nil { // a number can always be packed
		return &api.AigpAttribute{}
	}
	return &api.AigpAttribute{Tlvs: []*anypb.Any{tlv}}
}

// decodeAIGP returns the metric of an AIGP attribute, its first TLV of that type (RFC 7311
// section 3.3); nil if it has none.
func decodeAIGP(a *api.AigpAttribute) *uint64 {
	for _, tlv := range a.GetTlvs() {
		var m api.AigpTLVIGPMetric
		if tlv.UnmarshalTo(&m) == nil {
			return &m.Metric
		}
	}
	return nil
}

// martianOf says what is wrong with the prefix of a received path.
func martianOf(p *api.Path, prefix netip.Prefix) string {
	if !prefix.IsValid() || isLocal(p) && !prefix.Addr().Is4In6() {
		return ""
	}
	return Martian(prefix)
}

// prefixOf parses a prefix as the engine prints it: an IPv4-mapped one as IPv4
// with its IPv6 length.
func prefixOf(p *api.Path, text string, bits uint32) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if addr.Is4() && p.GetFamily().GetAfi() == api.Family_AFI_IP6 {
		addr = netip.AddrFrom16(addr.As16())
	}
	if bits > uint32(addr.BitLen()) {
		return netip.Prefix{}, fmt.Errorf("prefix %s/%d", text, bits)
	}
	return netip.PrefixFrom(addr, int(bits)).Masked(), nil
}

func encodeRD(rd vpn.RD) (*anypb.Any, error) {
	b := rd.Bytes()
	switch rd.Type() {
	case vpn.TypeAS2:
		return anypb.New(&api.RouteDistinguisherTwoOctetASN{
			Admin: uint32(binary.BigEndian.Uint16(b[2:])), Assigned: binary.BigEndian.Uint32(b[4:]),
		})
	case vpn.TypeIPv4:
		return anypb.New(&api.RouteDistinguisherIPAddress{
			Admin: netip.AddrFrom4([4]byte(b[2:6])).String(), Assigned: uint32(binary.BigEndian.Uint16(b[6:])),
		})
	default:
		return anypb.New(&api.RouteDistinguisherFourOctetASN{
			Admin: binary.BigEndian.Uint32(b[2:]), Assigned: uint32(binary.BigEndian.Uint16(b[6:])),
		})
	}
}

func decodeRD(a *anypb.Any) (vpn.RD, error) {
	m, err := a.UnmarshalNew()
	if err != nil {
		return vpn.RD{}, err
	}
	var b [8]byte
	switch m := m.(type) {
	case *api.RouteDistinguisherTwoOctetASN:
		b[1] = byte(vpn.TypeAS2)
		binary.BigEndian.PutUint16(b[2:], uint16(m.GetAdmin()))
		binary.BigEndian.PutUint32(b[4:], m.GetAssigned())
	case *api.RouteDistinguisherIPAddress:
		b[1] = byte(vpn.TypeIPv4)
		if err := putIPv4(b[2:6], m.GetAdmin()); err != nil {
			return vpn.RD{}, err
		}
		binary.BigEndian.PutUint16(b[6:], uint16(m.GetAssigned()))
	case *api.RouteDistinguisherFourOctetASN:
		b[1] = byte(vpn.TypeAS4)
		binary.BigEndian.PutUint32(b[2:], m.GetAdmin())
		binary.BigEndian.PutUint16(b[6:], uint16(m.GetAssigned()))
	default:
		return vpn.RD{}, fmt.Errorf("route distinguisher of unknown type %T", m)
	}
	return vpn.RDFromBytes(b)
}

func encodeTargets(targets []vpn.RouteTarget) (*api.ExtendedCommunitiesAttribute, error) {
	messages := make([]proto.Message, 0, len(targets))
	for _, t := range targets {
		b := t.Bytes()
		subType := uint32(b[1])
		switch t.Type() {
		case vpn.TypeAS2:
			messages = append(messages, &api.TwoOctetAsSpecificExtended{IsTransitive: true, SubType: subType,
				Asn: uint32(binary.BigEndian.Uint16(b[2:])), LocalAdmin: binary.BigEndian.Uint32(b[4:])})
		case vpn.TypeIPv4:
			messages = append(messages, &api.IPv4AddressSpecificExtended{IsTransitive: true, SubType: subType,
				Address: netip.AddrFrom4([4]byte(b[2:6])).String(), LocalAdmin: uint32(binary.BigEndian.Uint16(b[6:]))})
		default:
			messages = append(messages, &api.FourOctetAsSpecificExtended{IsTransitive: true, SubType: subType,
				Asn: binary.BigEndian.Uint32(b[2:]), LocalAdmin: uint32(binary.BigEndian.Uint16(b[6:]))})
		}
	}
	packed, err := packAll(messages)
	return &api.ExtendedCommunitiesAttribute{Communities: packed}, err
}

// decodeExtended reads the extended communities of a route.
func decodeExtended(r *Route, m *api.ExtendedCommunitiesAttribute) error {
	for _, c := range m.GetCommunities() {
		b, ok, err := communityBytes(c)
		if err == nil && !ok {
			b, err = otherCommunity(c)
		}
		if err != nil {
			return fmt.Errorf("extended community: %w", err)
		}
		if t, ok := vpn.RouteTargetFromBytes(b); ok {
			r.Targets = append(r.Targets, t)
		} else {
			r.Extended = append(r.Extended, b)
		}
	}
	return nil
}

// communityBytes returns the octets of a community whose type may be a route
// target.
func communityBytes(a *anypb.Any) (b [8]byte, ok bool, err error) {
	m, err := a.UnmarshalNew()
	if err != nil {
		return b, false, err
	}
	head := func(kind vpn.Type, transitive bool, subType uint32) {
		b[0], b[1] = byte(kind), byte(subType)
		if !transitive {
			b[0] |= 0x40
		}
	}
	switch m := m.(type) {
	case *api.TwoOctetAsSpecificExtended:
		head(vpn.TypeAS2, m.GetIsTransitive(), m.GetSubType())
		binary.BigEndian.PutUint16(b[2:], uint16(m.GetAsn()))
		binary.BigEndian.PutUint32(b[4:], m.GetLocalAdmin())
	case *api.IPv4AddressSpecificExtended:
		head(vpn.TypeIPv4, m.GetIsTransitive(), m.GetSubType())
		if err := putIPv4(b[2:6], m.GetAddress()); err != nil {
			return b, false, err
		}
		binary.BigEndian.PutUint16(b[6:], uint16(m.GetLocalAdmin()))
	case *api.FourOctetAsSpecificExtended:
		head(vpn.TypeAS4, m.GetIsTransitive(), m.GetSubType())
		binary.BigEndian.PutUint32(b[2:], m.GetAsn())
		binary.BigEndian.PutUint16(b[6:], uint16(m.GetLocalAdmin()))
	default:
		return b, false, nil
	}
	return b, true, nil
}

func encodeASPath(p ASPath) *api.AsPathAttribute {
	a := &api.AsPathAttribute{}
	for _, s := range p {
		a.Segments = append(a.Segments, &api.AsSegment{Type: api.AsSegment_Type(s.Kind), Numbers: s.AS})
	}
	return a
}

func decodeASPath(a *api.AsPathAttribute) ASPath {
	var p ASPath
	for _, s := range a.GetSegments() {
		p = append(p, ASSegment{Kind: SegmentKind(s.GetType()), AS: s.GetNumbers()})
	}
	return p
}

func putIPv4(b []byte, s string) error {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return err
	}
	if !a.Is4() {
		return errors.New(s + " is not an IPv4 address")
	}
	v := a.As4()
	copy(b, v[:])
	return nil
}
