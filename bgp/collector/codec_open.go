package collector

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"github.com/osrg/gobgp/v3/pkg/packet/bmp"
)

// openMessage is what the collector needs of an OPEN.
type openMessage struct {
	as      uint32
	id      netip.Addr
	hold    uint16
	addPath map[bgp.RouteFamily]bgp.BGPAddPathMode
}

func openOf(m *bgp.BGPMessage) openMessage {
	o := openMessage{addPath: make(map[bgp.RouteFamily]bgp.BGPAddPathMode)}
	body, ok := m.Body.(*bgp.BGPOpen)
	if !ok {
		return o
	}
	o.as, o.hold = uint32(body.MyAS), body.HoldTime
	if id := addressOf(body.ID); !id.IsUnspecified() {
		o.id = id
	}
	for _, p := range body.OptParams {
		capabilities, ok := p.(*bgp.OptionParameterCapability)
		if !ok {
			continue
		}
		for _, c := range capabilities.Capability {
			switch c := c.(type) {
			case *bgp.CapFourOctetASNumber:
				o.as = c.CapValue
			case *bgp.CapAddPath:
				for _, t := range c.Tuples {
					o.addPath[t.RouteFamily] = t.Mode
				}
			}
		}
	}
	return o
}

// withOpens returns a Peer Up in which an OPEN that is a header alone is one that says
// nothing. FRR sends such headers where it has no OPEN, as after a collision of two
// connections. Other messages are returned as they are.
func withOpens(msg []byte) []byte {
	const before = bmp.BMP_HEADER_SIZE + bmp.BMP_PEER_HEADER_SIZE + 20 // the OPENs
	if msg[5] != bmp.BMP_MSG_PEER_UP_NOTIFICATION || len(msg) < before {
		return msg
	}
	out, rest := slices.Clone(msg[:before]), msg[before:]
	for range 2 {
		if len(rest) < bgp.BGP_HEADER_LENGTH {
			break
		}
		n := min(max(int(binary.BigEndian.Uint16(rest[16:])), bgp.BGP_HEADER_LENGTH), len(rest))
		if open := rest[:n]; n == bgp.BGP_HEADER_LENGTH && open[18] == bgp.BGP_MSG_OPEN {
			out = append(out, silentOpen(open)...)
		} else {
			out = append(out, open...)
		}
		rest = rest[n:]
	}
	out = append(out, rest...)
	binary.BigEndian.PutUint32(out[1:], uint32(len(out)))
	return out
}

// silentOpen is an OPEN with that header: AS, hold time and identifier are 0.
func silentOpen(header []byte) []byte {
	open := append(slices.Clone(header), 4, 0, 0, 0, 0, 0, 0, 0, 0, 0) // version 4, no parameters
	binary.BigEndian.PutUint16(open[16:], uint16(len(open)))
	return open
}
