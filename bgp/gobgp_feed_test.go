package bgp

import (
	"fmt"
	"slices"
	"testing"

	packet "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/gate"
)

// passThrough does to octets what a relay does, and to what passes what the
// engine does. Nothing recovers from a panic here. What the engine knows in the end
// must be what the gate says that it has been shown.
func passThrough(t *testing.T, established bool, b []byte) {
	feed(t, newTestJudge(established), table{}, b, nil)
}

// table is the routes that the engine has been told and not to forget.
type table map[string]bool

// feed passes octets on until the session ends; it reports whether it goes on. In the
// numbered families, routes have path identifiers.
func feed(t *testing.T, j *gate.Judge, known table, b []byte, numbered []gate.Family) bool {
	for {
		msg, refused := gate.Next(b)
		if msg == nil || refused != nil {
			return refused == nil
		}
		b = b[len(msg):]
		said := slices.Clone(msg)
		v := j.Received(msg)
		if v.Refuse != nil && v.Pass != nil {
			t.Fatalf("%x is refused, and passed on as %x", said, v.Pass)
		}
		for pass := v.Pass; len(pass) > 0; {
			m, bad := gate.Next(pass)
			if m == nil || bad != nil {
				t.Fatalf("%x is passed on as %x, which is no message", said, v.Pass)
			}
			if err := perform(m, numbered); err != nil && m[18] != 3 {
				t.Fatalf("%x is passed on as %x, which ends the engine's session: %v", said, m, err)
			}
			known.take(m, numbered)
			pass = pass[len(m):]
		}
		for _, s := range v.Strange {
			_ = decodeAttributes(new(Route), s.Attributes) // an error is shown with the path
		}
		if v.Refuse != nil || v.Ended != nil {
			return false
		}
		if len(known) != j.Accepted() || j.Held() < j.Accepted() {
			t.Fatalf("after %x, passed on as %x, the engine knows %d routes, and has been shown %d of %d", said, v.Pass, len(known), j.Accepted(), j.Held())
		}
	}
}

func (k table) takeAll(msgs []byte, numbered []gate.Family) {
	for len(msgs) > 0 {
		msg, _ := gate.Next(msgs)
		k.take(msg, numbered)
		msgs = msgs[len(msg):]
	}
}

// take notes what a message tells the engine.
func (k table) take(msg []byte, numbered []gate.Family) {
	m, err := packet.ParseBGPMessage(msg, readNumbered(numbered))
	if err != nil {
		return
	}
	u, ok := m.Body.(*packet.BGPUpdate)
	if !ok {
		return
	}
	name := func(n packet.AddrPrefixInterface) string {
		text := n.String()
		if v, ok := n.(*packet.LabeledVPNIPAddrPrefix); ok {
			text = v.IPPrefix() + v.RD.String()
		} else if v, ok := n.(*packet.LabeledVPNIPv6AddrPrefix); ok {
			text = v.IPPrefix() + v.RD.String()
		}
		return fmt.Sprint(n.AFI(), n.SAFI(), text, n.PathIdentifier())
	}
	for _, n := range u.WithdrawnRoutes {
		delete(k, name(n))
	}
	for _, a := range u.PathAttributes {
		switch a := a.(type) {
		case *packet.PathAttributeMpUnreachNLRI:
			for _, n := range a.Value {
				delete(k, name(n))
			}
		case *packet.PathAttributeMpReachNLRI:
			for _, n := range a.Value {
				k[name(n)] = true
			}
		}
	}
	for _, n := range u.NLRI {
		k[name(n)] = true
	}
}
