package inject

import (
	"errors"
	"fmt"
	"slices"

	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/vpn"
)

const originIncomplete = gobgp.BGP_ORIGIN_ATTR_TYPE_INCOMPLETE

// pathAttributes are those that the generator invents.
type pathAttributes struct {
	origin      uint8
	path        []uint32
	med         *uint32
	communities []uint32
}

func (p pathAttributes) encode() (Attributes, error) {
	var others []gobgp.PathAttributeInterface
	if p.med != nil {
		others = append(others, gobgp.NewPathAttributeMultiExitDisc(*p.med))
	}
	if len(p.communities) > 0 {
		others = append(others, gobgp.NewPathAttributeCommunities(p.communities))
	}
	path := gobgp.NewPathAttributeAsPath([]gobgp.AsPathParamInterface{gobgp.NewAs4PathParam(gobgp.BGP_ASPATH_ATTR_TYPE_SEQ, p.path)})
	return encodeAttributes([]gobgp.PathAttributeInterface{gobgp.NewPathAttributeOrigin(p.origin), path}, others)
}

func encodeAttributes(path, others []gobgp.PathAttributeInterface) (Attributes, error) {
	var out [2][]byte
	for i, list := range [][]gobgp.PathAttributeInterface{path, others} {
		for _, a := range list {
			b, err := a.Serialize()
			if err != nil {
				return Attributes{}, err
			}
			out[i] = append(out[i], b...)
		}
	}
	return Attributes{string(out[0]), string(out[1])}, nil
}

// passedOn are the attributes of a dump that are announced again: those that an AS passes
// on to others.
var passedOn = []gobgp.BGPAttrType{
	gobgp.BGP_ATTR_TYPE_MULTI_EXIT_DISC, gobgp.BGP_ATTR_TYPE_ATOMIC_AGGREGATE, gobgp.BGP_ATTR_TYPE_AGGREGATOR,
	gobgp.BGP_ATTR_TYPE_COMMUNITIES, gobgp.BGP_ATTR_TYPE_LARGE_COMMUNITY,
}

// fromDump reads the attributes of a dump, whose AS path it lengthens by the speaker's
// AS; 0: by none. The bytes may be anything.
func fromDump(raw []byte, as uint32) (a Attributes, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's parser trusts some lengths
			a, err = Attributes{}, fmt.Errorf("malformed attributes: %v", p)
		}
	}()
	var origin, path gobgp.PathAttributeInterface
	var others []gobgp.PathAttributeInterface
	for len(raw) > 0 {
		attr, err := gobgp.GetPathAttribute(raw)
		if err != nil {
			return Attributes{}, err
		}
		if err := attr.DecodeFromBytes(raw); err != nil && mustRead(attr) {
			return Attributes{}, err
		}
		n := attributeLength(raw)
		if n > len(raw) {
			return Attributes{}, errors.New("an attribute is longer than its route's attributes")
		}
		raw = raw[n:]
		switch kind := attr.GetType(); {
		case kind == gobgp.BGP_ATTR_TYPE_ORIGIN:
			origin = attr
		case kind == gobgp.BGP_ATTR_TYPE_AS_PATH:
			if path, err = prepended(attr, as); err != nil {
				return Attributes{}, err
			}
		case slices.Contains(passedOn, kind):
			others = append(others, attr)
		}
	}
	if origin == nil || path == nil {
		return Attributes{}, errors.New("ORIGIN or AS_PATH is missing")
	}
	a, err = encodeAttributes([]gobgp.PathAttributeInterface{origin, path}, others)
	if err == nil && len(a.Path)+len(a.Others) > maxAttributes {
		err = errors.New("the attributes leave no room for a prefix in a message")
	}
	return a, err
}

// mustRead reports whether an attribute is one that is announced again; the others need
// not be understood.
func mustRead(a gobgp.PathAttributeInterface) bool {
	kind := a.GetType()
	return kind == gobgp.BGP_ATTR_TYPE_ORIGIN || kind == gobgp.BGP_ATTR_TYPE_AS_PATH || slices.Contains(passedOn, kind)
}

// attributeLength is the length of the first attribute, which has a header.
func attributeLength(b []byte) int {
	if b[0]&uint8(gobgp.BGP_ATTR_FLAG_EXTENDED_LENGTH) != 0 {
		return 4 + int(b[2])<<8 + int(b[3])
	}
	return 3 + int(b[2])
}

// prepended is an AS path that begins with the speaker's AS. One of confederations is no
// business of another AS (RFC 5065 section 4).
func prepended(attr gobgp.PathAttributeInterface, as uint32) (gobgp.PathAttributeInterface, error) {
	old, ok := attr.(*gobgp.PathAttributeAsPath)
	if !ok {
		return nil, errors.New("AS_PATH is malformed")
	}
	var path []gobgp.AsPathParamInterface
	for _, p := range old.Value {
		if t := p.GetType(); t != gobgp.BGP_ASPATH_ATTR_TYPE_SEQ && t != gobgp.BGP_ASPATH_ATTR_TYPE_SET {
			return nil, errors.New("AS_PATH has a segment of a confederation")
		}
		if _, four := p.(*gobgp.As4PathParam); !four {
			return nil, errors.New("AS_PATH has numbers of two octets")
		}
		path = append(path, p)
	}
	if as != 0 {
		first := []uint32{as}
		if len(path) > 0 && path[0].GetType() == gobgp.BGP_ASPATH_ATTR_TYPE_SEQ && len(path[0].GetAS()) < 255 {
			first, path = append(first, path[0].GetAS()...), path[1:]
		}
		path = slices.Insert(path, 0, gobgp.AsPathParamInterface(gobgp.NewAs4PathParam(gobgp.BGP_ASPATH_ATTR_TYPE_SEQ, first)))
	}
	return gobgp.NewPathAttributeAsPath(path), nil
}

// routeFamilies are the library's words for families.
var routeFamilies = map[vpn.Family]gobgp.RouteFamily{
	vpn.IPv4: gobgp.RF_IPv4_UC, vpn.IPv6: gobgp.RF_IPv6_UC, vpn.VPNv4: gobgp.RF_IPv4_VPN, vpn.VPNv6: gobgp.RF_IPv6_VPN,
}

// openMessage is the OPEN of a session. Neither route refresh nor graceful restart is
// offered: the peer then forgets the routes with the session.
func (c Config) openMessage() ([]byte, error) {
	var capabilities []gobgp.ParameterCapabilityInterface
	for _, f := range c.Families {
		capabilities = append(capabilities, gobgp.NewCapMultiProtocol(routeFamilies[f]))
	}
	capabilities = append(capabilities, gobgp.NewCapFourOctetASNumber(c.AS))
	as := uint16(gobgp.AS_TRANS)
	if c.AS <= 0xffff {
		as = uint16(c.AS)
	}
	return gobgp.NewBGPOpenMessage(as, uint16(c.hold().Seconds()), c.ID.String(), []gobgp.OptionParameterInterface{gobgp.NewOptionParameterCapability(capabilities)}).Serialize()
}

// openOf reads the peer's OPEN: its AS, the hold time in seconds and the families.
func openOf(body []byte) (as uint32, hold uint16, families []vpn.Family, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed OPEN: %v", p)
		}
	}()
	open := &gobgp.BGPOpen{}
	if err := open.DecodeFromBytes(body); err != nil {
		return 0, 0, nil, err
	}
	as = uint32(open.MyAS)
	for _, p := range open.OptParams {
		list, ok := p.(*gobgp.OptionParameterCapability)
		if !ok {
			continue
		}
		for _, c := range list.Capability {
			switch c := c.(type) {
			case *gobgp.CapFourOctetASNumber:
				as = c.CapValue
			case *gobgp.CapMultiProtocol:
				for f, rf := range routeFamilies {
					if rf == c.CapValue {
						families = append(families, f)
					}
				}
			}
		}
	}
	return as, open.HoldTime, families, nil
}

// notification describes the body of a NOTIFICATION.
func notification(body []byte) string {
	if len(body) < 2 {
		return "a malformed NOTIFICATION"
	}
	return fmt.Sprintf("%s, subcode %d", notificationCodes[min(int(body[0]), len(notificationCodes)-1)], body[1])
}

var notificationCodes = []string{
	"an unknown error", "message header error", "OPEN message error", "UPDATE message error", "hold timer expired", "state machine error", "cease", "route refresh error", "an unknown error",
}
