package bgp

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/vpn"
)

// TestRealRIBAmong lists the VPN tables from what the speaker knows itself: the paths are
// those of the engine, with all their attributes, whether there is one to a destination or a
// choice.
func TestRealRIBAmong(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	c := startNode(t, 65003, "", "10.0.0.3")
	rich := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	rich.Targets = append(rich.Targets, mustRT("4200000000:7"), mustRT("10.9.9.9:3"))
	rich.Origin, rich.MED, rich.AIGP = OriginIncomplete, ptr(0), new(uint64)
	rich.ASPath = ASPath{{Kind: vpn.ASSequence, AS: []uint32{65100, 4200000001}}, {Kind: vpn.ASSet, AS: []uint32{3, 2, 1}}}
	rich.Communities = []Community{65100<<16 | 7, 1}
	rich.LargeCommunities = []LargeCommunity{{4200000000, 1, 2}}
	rich.Extended = []vpn.ExtendedCommunity{{0, 3, 1, 2, 3, 4, 5, 6}, {0x80, 9, 1, 2, 3, 4, 5, 6}}
	many := vpnRoute("65001:1", "10.2.0.0/24", "65001:1", 1001)
	six := vpnRoute("10.0.0.1:2", "2001:db8:1::/48", "65001:2", 1002)
	martian := vpnRoute("65001:1", "224.0.0.0/24", "65001:1", 1003)
	a.announce(rich, many, six, martian)
	c.announce(many, vpnRoute("70000:1", "10.1.0.0/24", "65003:1", 1004))
	own, beside := rich, many
	own.RD, own.Weight, own.Peer, own.LocalPref = mustRD("65002:1"), 7, netip.MustParseAddr("10.7.7.7"), ptr(200)
	b.announce(own, beside, vpnRoute("65002:1", "2001:db8:2::/48", "65002:2", 1005))
	a.set(a.to(b))
	b.set(b.to(a), b.to(c))
	c.set(c.to(b))
	b.waitPrefixes(a, "10.1.0.0/24", "10.2.0.0/24", "2001:db8:1::/48", "224.0.0.0/24")
	b.waitPrefixes(c, "10.1.0.0/24", "10.2.0.0/24")

	heard := b.routesNow()
	for family, n := range map[vpn.Family]int{vpn.VPNv4: 7, vpn.VPNv6: 2} {
		var rib []RIBPath
		waitFor(t, func() (err error) { // the engine hears of routes after us
			if rib, err = b.RIB(t.Context(), family); err == nil && len(rib) != n {
				err = fmt.Errorf("%d paths, want %d: %+v", len(rib), n, rib)
			}
			return err
		})
		var all []Candidate
		for _, p := range rib {
			c := Candidate{Destination: p.Key().Destination()}
			if r, ok := heard[p.Key()]; ok {
				c.Received = &r
			} else if p.Peer.IsValid() {
				t.Errorf("%s was not heard", p.Prefix)
			}
			all = append(all, c)
		}
		among, err := b.RIBAmong(t.Context(), family, all)
		if err != nil {
			t.Fatal(err)
		}
		byKey := func(list []RIBPath) map[Key]RIBPath {
			m := make(map[Key]RIBPath)
			for _, p := range list {
				m[p.Key()] = p
			}
			return m
		}
		if diff := cmp.Diff(byKey(rib), byKey(among), equalPlain); diff != "" || len(among) != n {
			t.Errorf("%s: %d paths\n%s", family, len(among), diff)
		}
	}
}
