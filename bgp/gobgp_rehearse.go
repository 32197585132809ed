package bgp

import (
	"errors"
	"fmt"

	api "github.com/osrg/gobgp/v3/api"
	"github.com/osrg/gobgp/v3/pkg/apiutil"
	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"google.golang.org/protobuf/types/known/anypb"

	"pseudowan/bgp/gate"
)

// rehearse does to a message, whose routes have path identifiers in some families, what the engine does to it, and what we do to the
// engine's reports of it. It returns the errors that would end the session, and
// those that would end the process.
func rehearse(msg []byte, numbered []gate.Family) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errParserPanics, p)
		}
	}()
	return perform(msg, numbered)
}

// errParserPanics means that the engine's parser panics on a message.
var errParserPanics = errors.New("the parser panics")

// engineFamilies are all families that a session may have.
var engineFamilies = map[gobgp.RouteFamily]gobgp.BGPAddPathMode{
	gobgp.RF_IPv4_UC: gobgp.BGP_ADD_PATH_NONE, gobgp.RF_IPv6_UC: gobgp.BGP_ADD_PATH_NONE,
	gobgp.RF_IPv4_VPN: gobgp.BGP_ADD_PATH_NONE, gobgp.RF_IPv6_VPN: gobgp.BGP_ADD_PATH_NONE,
	gobgp.RF_IPv4_MPLS: gobgp.BGP_ADD_PATH_NONE, gobgp.RF_IPv6_MPLS: gobgp.BGP_ADD_PATH_NONE,
}

// perform is rehearse without recover.
func perform(msg []byte, numbered []gate.Family) error {
	m, err := gobgp.ParseBGPMessage(msg, readNumbered(numbered))
	if err != nil {
		return err
	}
	switch body := m.Body.(type) {
	case *gobgp.BGPOpen:
		return performOpen(body)
	case *gobgp.BGPUpdate:
		return performUpdate(body)
	}
	return nil
}

func performOpen(open *gobgp.BGPOpen) error {
	for _, p := range open.OptParams {
		caps, ok := p.(*gobgp.OptionParameterCapability)
		if !ok {
			continue
		}
		if _, err := apiutil.MarshalCapabilities(caps.Capability); err != nil {
			return err
		}
	}
	_, err := open.Serialize()
	return err
}

func performUpdate(u *gobgp.BGPUpdate) error {
	// External peers have the stricter checks. There are no confederations.
	if ok, err := gobgp.ValidateUpdateMsg(u, engineFamilies, true, false, true); !ok {
		return err
	}
	var nlri []gobgp.AddrPrefixInterface
	var rest []gobgp.PathAttributeInterface
	for _, a := range u.PathAttributes {
		switch a := a.(type) {
		case *gobgp.PathAttributeMpReachNLRI:
			nlri = append(nlri, a.Value...)
			_ = a.Nexthop.String()
		case *gobgp.PathAttributeMpUnreachNLRI:
			nlri = append(nlri, a.Value...)
		default:
			rest = append(rest, a)
		}
		_ = a.String()
		if _, err := a.Serialize(); err != nil {
			return err
		}
	}
	for _, n := range u.NLRI {
		nlri = append(nlri, n)
	}
	for _, n := range u.WithdrawnRoutes {
		nlri = append(nlri, n)
	}
	attrs, err := apiutil.MarshalPathAttributes(rest)
	if err != nil {
		return err
	}
	for _, n := range nlri {
		if err := performNLRI(n, attrs); err != nil {
			return err
		}
	}
	return nil
}

func performNLRI(n gobgp.AddrPrefixInterface, attrs []*anypb.Any) error {
	_ = n.String()
	if _, err := n.Serialize(); err != nil {
		return err
	}
	shown, err := apiutil.MarshalNLRI(n)
	if err != nil {
		return err
	}
	_, err = routeOf(&api.Path{
		Nlri: shown, Pattrs: attrs, Family: apiutil.ToApiFamily(n.AFI(), n.SAFI()), NeighborIp: "192.0.2.1", SourceId: "192.0.2.1",
	}, 0)
	return err
}

// decodeAttributes decodes the attributes of a path that the engine is not shown.
func decodeAttributes(r *Route, attrs []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errParserPanics, p)
		}
	}()
	m, err := gobgp.ParseBGPMessage(gate.Update(attrs))
	if err != nil {
		return err
	}
	shown, err := apiutil.MarshalPathAttributes(m.Body.(*gobgp.BGPUpdate).PathAttributes)
	if err != nil {
		return err
	}
	for _, a := range shown {
		if err := decodeAttribute(r, a); err != nil {
			return err
		}
	}
	return nil
}

// readNumbered is how the engine reads messages whose routes have path identifiers in some
// families.
func readNumbered(numbered []gate.Family) *gobgp.MarshallingOption {
	if len(numbered) == 0 {
		return nil
	}
	o := &gobgp.MarshallingOption{AddPath: make(map[gobgp.RouteFamily]gobgp.BGPAddPathMode)}
	for _, f := range numbered {
		c := codes[f.Name()]
		o.AddPath[gobgp.AfiSafiToRouteFamily(uint16(c.afi), uint8(c.safi))] = gobgp.BGP_ADD_PATH_RECEIVE
	}
	return o
}
