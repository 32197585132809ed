package bgp

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"

	api "github.com/osrg/gobgp/v3/api"
	"github.com/osrg/gobgp/v3/pkg/apiutil"
	packet "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/gate"
)

// passThrough does to octets what a relay does, and to what passes what the
// engine does. Nothing recovers from a panic here. What the engine knows in the end
// must be what the gate says that it has been shown.
func passThrough(t *testing.T, established bool, b []byte) {
	feed(t, newTestJudge(established), newTable(), b, nil)
}

// table is the routes that the engine has been told and not to forget.
type table struct {
	told  map[tableKey]Route
	heard map[tableKey]Route // the same by the news of the gate
	from  *inflow
}

type tableKey struct {
	family gate.Family
	Key
}

func newTable() table {
	peer := netip.MustParseAddr("192.0.2.1")
	return table{make(map[tableKey]Route), make(map[tableKey]Route), &inflow{from: Route{Peer: peer, PeerID: peer}}}
}

// hear takes the news of a gate, and compares the outcome with what the engine knows.
func (k table) hear(t *testing.T, j *gate.Judge) {
	t.Helper()
	for _, n := range j.News() {
		switch u := k.from.update(&n); {
		case u.Withdrawn:
			delete(k.heard, tableKey{n.Family, u.Route.Key()})
		default:
			k.heard[tableKey{n.Family, u.Route.Key()}] = u.Route
		}
	}
	if !j.FourOctets() { // the engine would have made one path of two attributes
		return
	}
	if !maps.EqualFunc(k.told, k.heard, Route.Equal) {
		t.Fatalf("the engine knows\n%+v\nand the gate tells of\n%+v", k.told, k.heard)
	}
}

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
		if n := len(known.told); n != j.Accepted() || j.Held() < j.Accepted() {
			t.Fatalf("after %x, passed on as %x, the engine knows %d routes, and has been shown %d of %d", said, v.Pass, n, j.Accepted(), j.Held())
		}
		known.hear(t, j)
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
	path := func(n packet.AddrPrefixInterface, withdrawn, old bool) (tableKey, Route) {
		of := slices.Clone(u.PathAttributes)
		of = slices.DeleteFunc(of, func(a packet.PathAttributeInterface) bool { // the next hop of the other field
			return a.GetType() == packet.BGP_ATTR_TYPE_MP_REACH_NLRI && old || a.GetType() == packet.BGP_ATTR_TYPE_NEXT_HOP && !old
		})
		shown, bad := apiutil.MarshalNLRI(n)
		attrs, err := apiutil.MarshalPathAttributes(of)
		if err = errors.Join(bad, err); err != nil {
			panic(err)
		}
		p := &api.Path{
			Nlri: shown, Pattrs: attrs, Family: apiutil.ToApiFamily(n.AFI(), n.SAFI()), Identifier: n.PathIdentifier(), IsWithdraw: withdrawn,
			NeighborIp: "192.0.2.1", SourceId: "192.0.2.1", SourceAsn: 0,
		}
		r, err := routeOf(p, 1)
		if err != nil {
			panic(err)
		}
		family, _ := familyOf(p.Family)
		return tableKey{gateFamilies[family], r.Key()}, r
	}
	for _, n := range u.WithdrawnRoutes {
		key, _ := path(n, true, false)
		delete(k.told, key)
	}
	for _, n := range u.NLRI {
		key, r := path(n, false, true)
		k.told[key] = r
	}
	for _, a := range u.PathAttributes {
		switch a := a.(type) {
		case *packet.PathAttributeMpUnreachNLRI:
			for _, n := range a.Value {
				key, _ := path(n, true, false)
				delete(k.told, key)
			}
		case *packet.PathAttributeMpReachNLRI:
			for _, n := range a.Value {
				key, r := path(n, false, false)
				k.told[key] = r
			}
		}
	}
}
