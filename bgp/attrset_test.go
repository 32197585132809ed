package bgp

import (
	"net/netip"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

var (
	ceID, peID = netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("10.0.0.1")
	siteSeven  = vpn.ExtendedCommunity{0, 3, 0xfd, 0xe9, 0, 0, 0, 7}
	bandwidth  = vpn.ExtendedCommunity{0x40, 4, 0xfd, 0xe9, 0, 0, 0, 1} // not transitive
)

// internalRoute is a route of an internal session with a customer, with every attribute.
func internalRoute() Route {
	n := func(v uint32) *uint32 { return &v }
	return Route{
		Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: ceID, Peer: ceID, PeerID: ceID, PeerAS: 65100, IBGP: true,
		Origin: OriginEGP, ASPath: append(Sequence(65200, 70000), ASSegment{Kind: ASSet, AS: []uint32{1, 2}}), MED: n(50), LocalPref: n(200),
		Communities: []Community{7, NoExport}, LargeCommunities: []LargeCommunity{{1, 2, 3}},
		Extended: []vpn.ExtendedCommunity{siteSeven, bandwidth},
		Passed:   []Attribute{{Type: 6, Flags: 0x40}, {Type: 7, Flags: 0xc0, Value: "\x00\x00\xfd\xe9\x0a\x00\x00\x01"}, {Type: 200, Flags: 0xe0, Value: strings.Repeat("x", 300)}},
	}
}

func TestAttributesInASet(t *testing.T) {
	r := internalRoute()
	outer := r.IntoSet(peID)
	if outer.ASPath != nil || outer.MED != nil || outer.LocalPref != nil || outer.Communities != nil || outer.LargeCommunities != nil ||
		len(outer.Extended) != 1 || outer.Extended[0] != siteSeven || len(outer.Passed) != 1 {
		t.Errorf("outside: %+v", outer)
	}
	inner, as, ok, err := outer.FromSet()
	if err != nil || !ok || as != 65100 {
		t.Fatalf("AS %d, %t: %v", as, ok, err)
	}
	want := r
	want.OriginatorID, want.ClusterList = ceID, []netip.Addr{peID}
	want.Extended = []vpn.ExtendedCommunity{bandwidth, siteSeven}
	if !inner.Equal(want) {
		t.Errorf("inside\n%+v, want\n%+v", inner, want)
	}
	again := inner.IntoSet(netip.MustParseAddr("10.0.0.2"))
	if inner, _, _, _ = again.FromSet(); inner.OriginatorID != ceID || len(inner.ClusterList) != 2 || inner.ClusterList[1] != peID {
		t.Errorf("reflected twice: %v %v", inner.OriginatorID, inner.ClusterList)
	}
}

func TestMalformedSets(t *testing.T) {
	const head = "\x00\x00\xfe\x4c"
	const origin, path = "\x40\x01\x01\x00", "\x40\x02\x00"
	for name, value := range map[string]string{
		"no AS":            "\x00\x00",
		"empty":            head,
		"no path":          head + origin,
		"cut":              head + origin + path + "\x40\x05\x04\x00",
		"cut head":         head + origin + path + "\x40",
		"cut long":         head + origin + path + "\xd0\x08\x00",
		"twice":            head + origin + origin + path,
		"wrong origin":     head + "\x40\x01\x01\x03" + path,
		"wrong path":       head + origin + "\x40\x02\x03\x02\x01\x00",
		"wrong length":     head + origin + path + "\x40\x05\x03\x00\x00\x00",
		"next hop":         head + origin + path + "\x40\x03\x04\x0a\x00\x00\x01",
		"a set in it":      head + origin + path + "\xc0\x80\x04\x00\x00\x00\x01",
		"well-known":       head + origin + path + "\x40\xc8\x01x",
		"odd communities":  head + origin + path + "\xc0\x08\x03xxx",
		"short aggregator": head + origin + path + "\xc0\x07\x06xxxxxx",
		"confederation":    head + origin + "\x40\x02\x06\x03\x01\x00\x00\xfd\xe9",
		"AS 0":             head + origin + "\x40\x02\x06\x02\x01\x00\x00\x00\x00",
		"aggregator AS 0":  head + origin + path + "\xc0\x07\x08\x00\x00\x00\x00\x0a\x00\x00\x01",
	} {
		r := Route{Passed: []Attribute{{Type: attributeSet, Value: value}}}
		if _, _, ok, err := r.FromSet(); err == nil || !ok {
			t.Errorf("%s: taken", name)
		}
	}
	inner, _, _, err := Route{Passed: []Attribute{{Type: attributeSet, Value: head + origin + path + "\xc0\x10\x08\x00\x02\xfd\xe8\x00\x00\x00\x01"}}}.FromSet()
	if err != nil || len(inner.Extended) != 0 {
		t.Errorf("a route target inside: %v, %v", inner.Extended, err)
	}
	inner, _, _, err = Route{Passed: []Attribute{{Type: attributeSet, Value: head + origin + path + "\xc0\x11\x01x\xc0\x12\x01x\xc0\x28\x01x"}}}.FromSet()
	if err != nil || len(inner.Passed) != 0 {
		t.Errorf("what is of no use inside: %v, %v", inner.Passed, err)
	}
}

func FuzzFromSet(f *testing.F) {
	f.Add([]byte(internalRoute().IntoSet(peID).Passed[0].Value))
	f.Fuzz(func(t *testing.T, value []byte) {
		r := Route{Passed: []Attribute{{Type: attributeSet, Value: string(value)}}}
		inner, as, _, err := r.FromSet()
		if err != nil {
			return
		}
		inner.PeerAS, inner.PeerID = as, ceID
		again, _, _, err := inner.IntoSet(peID).FromSet()
		if err != nil || !again.ASPath.Equal(inner.ASPath) || len(again.Communities) != len(inner.Communities) {
			t.Fatalf("%x: %v, %+v and %+v", value, err, inner, again)
		}
	})
}

// What a CE is told of routes of internal and of external sessions.
func TestTellCustomers(t *testing.T) {
	remoteSet := internalRoute().IntoSet(peID)
	remoteSet.IBGP, remoteSet.PeerAS = true, 65000
	external := Route{Prefix: remoteSet.Prefix, ASPath: Sequence(65300), IBGP: true}
	local := internalRoute()
	for name, tt := range map[string]struct {
		ce       Customer
		path     Path
		want     string // the AS path; "-": not told
		pref     bool
		clusters int
	}{
		"internal, same AS":          {Customer{AS: 65100, Internal: true}, Path{Source: BGP, Route: remoteSet}, "65200 70000 {1,2}", true, 1},
		"internal, same AS, same PE": {Customer{AS: 65100, Internal: true}, Path{Source: BGP, VRF: "red", Route: local}, "65200 70000 {1,2}", true, 1},
		"internal, other AS":         {Customer{AS: 65400, Internal: true}, Path{Source: BGP, Route: without(remoteSet)}, "65000 65100 65200 70000 {1,2}", false, 0},
		"NO_EXPORT to another AS":    {Customer{AS: 65400, Internal: true}, Path{Source: BGP, Route: remoteSet}, "-", false, 0},
		"external":                   {Customer{AS: 65100}, Path{Source: BGP, Route: without(remoteSet)}, "65100 65200 70000 {1,2}", false, 0},
		"internal in the provider's": {Customer{AS: 65000, Internal: true}, Path{Source: BGP, Route: external}, "65300", false, 0},
		"internal, from an external": {Customer{AS: 65100, Internal: true}, Path{Source: BGP, Route: external}, "65000 65300", false, 0},
		"external, from an external": {Customer{AS: 65100}, Path{Source: BGP, Route: external}, "65300", false, 0},
		"malformed":                  {Customer{AS: 65100}, Path{Source: BGP, Route: Route{Passed: []Attribute{{Type: attributeSet}}}}, "-", false, 0},
	} {
		tt.ce.Provider, tt.ce.Router = 65000, netip.MustParseAddr("10.0.0.2")
		r, ok := tt.ce.Tell(&tt.path)
		if ok != (tt.want != "-") || ok && r.ASPath.String() != tt.want || (r.LocalPref != nil) != tt.pref || len(r.ClusterList) != tt.clusters {
			t.Errorf("%s: %t %+v", name, ok, r)
		}
	}
}

// without returns a route whose set has no NO_EXPORT.
func without(r Route) Route {
	inner, as, _, _ := r.FromSet()
	inner.Communities, inner.PeerAS = nil, as
	inner.ClusterList = nil
	out := inner.IntoSet(peID)
	out.IBGP, out.PeerAS = true, 65000
	return out
}

// Routes with a set are compared by what is in it.
func TestChoiceBySets(t *testing.T) {
	tables := NewTables([]VRF{testVRF(1, "red", []string{"65001:1"}, nil)})
	tables.SetNextHop(hopA, true, 0)
	pref := func(n uint32) Route {
		r := internalRoute()
		r.LocalPref = &n
		out := r.IntoSet(peID)
		base := received(byte(n), "65001:9", "172.16.0.0/16", "65001:1")
		base.Passed, base.ASPath = out.Passed, nil
		return base
	}
	tables.Update(pref(50))
	tables.Update(pref(70))
	tables.Update(received(3, "65001:9", "172.16.0.0/16", "65001:1")) // 100 by default
	if best := bestPath(tables, "red", pref(1).Prefix); len(best.Route.Passed) > 0 {
		t.Errorf("best %+v", best)
	}
	tables.Update(pref(150))
	if best := bestPath(tables, "red", pref(1).Prefix); best.Route.Peer != pref(150).Peer {
		t.Errorf("best %+v", best)
	}
	bad := pref(200)
	bad.Passed[0].Value = "x"
	tables.Update(bad)
	if best := bestPath(tables, "red", bad.Prefix); best.Route.Peer != pref(150).Peer {
		t.Errorf("best %+v", best)
	}
}
