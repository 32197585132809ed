package ce

import (
	"net/netip"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/topology"
)

var (
	gatewayAddr = netip.MustParseAddr("10.1.0.1")
	peerAddr    = netip.MustParseAddr("10.1.0.2")
)

func site(s string) vpn.SiteOfOrigin {
	o, err := vpn.ParseSiteOfOrigin(s)
	if err != nil {
		panic(err)
	}
	return o
}

func TestExport(t *testing.T) {
	remote := func(change func(*bgp.Path)) *bgp.Path {
		med := uint32(9)
		p := &bgp.Path{Source: bgp.BGP, Route: bgp.Route{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("192.168.0.2"), Label: 2000,
			ASPath: bgp.Sequence(65100, 65200), MED: &med, Communities: []bgp.Community{7}, Origin: bgp.OriginEGP,
			Extended: []vpn.ExtendedCommunity{{0, 3, 0xfd, 0xe9, 0, 0, 0, 7}, {0x40, 4, 0xfd, 0xe9, 0, 0, 0, 1}},
			Passed:   []bgp.Attribute{{Type: 200, Flags: 0xe0, Value: "x"}},
		}}
		change(p)
		return p
	}
	same := func(*bgp.Path) {}
	for name, tt := range map[string]struct {
		override bool
		path     *bgp.Path
		want     string // "": not told
	}{
		"remote":      {false, remote(same), "65100 65200"},
		"as-override": {true, remote(same), "65000 65200"},
		"no-export":   {false, remote(func(p *bgp.Path) { p.Route.Communities = []bgp.Community{bgp.NoExport} }), ""},
		"other family": {false, remote(func(p *bgp.Path) {
			p.Route.Prefix = netip.MustParsePrefix("2001:db8::/32")
		}), ""},
		"a malformed set": {false, remote(func(p *bgp.Path) { p.Route.Passed = []bgp.Attribute{{Type: 128, Flags: 0xc0, Value: "x"}} }), ""},
		"of its site":     {false, remote(func(p *bgp.Path) { p.Route = p.Route.At(site("65000:1")) }), ""},
		"of another site": {false, remote(func(p *bgp.Path) {
			p.Route.Extended = nil
			p.Route = p.Route.At(site("65001:7"))
		}), "65100 65200"},
		"a static one of its site": {false, &bgp.Path{Source: bgp.Static, VRF: "red", Route: bgp.Route{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.9.0.2"),
		}.At(site("65000:1"))}, ""},
		"its own": {false, remote(func(p *bgp.Path) { p.VRF, p.Route.NextHop = "red", peerAddr }), ""},
		"of a CE of another VRF with the same address": {false, remote(func(p *bgp.Path) {
			p.VRF, p.Route.NextHop = "blue", peerAddr
		}), "65100 65200"},
		"static behind it": {false, &bgp.Path{Source: bgp.Static, VRF: "red", Route: bgp.Route{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: peerAddr,
		}}, ""},
		"its own subnet": {false, &bgp.Path{Source: bgp.Connected, VRF: "red", Route: bgp.Route{
			Prefix: netip.MustParsePrefix("10.1.0.0/24"),
		}}, ""},
		"none": {false, nil, ""},
	} {
		c := &CE{
			CE: config.CE{BGP: topology.CustomerBGP{AS: 65100, Settings: session.Settings{ASOverride: tt.override}, Sessions: []topology.CustomerSession{
				{Family: vpn.IPv4, LocalAddress: gatewayAddr, PeerAddress: peerAddr},
			}}},
			Port: &access.Port{Access: config.Access{VRF: "red", SoO: site("65000:1"), Gateways: []netip.Prefix{netip.PrefixFrom(gatewayAddr, 24)}}},
		}
		route, tells := c.export(tt.path, 65000, netip.MustParseAddr("10.0.0.1"))
		if tells != (tt.want != "") || route.ASPath.String() != tt.want {
			t.Errorf("%s: told %t %+v", name, tells, route)
		}
		if tells && (route.NextHop != gatewayAddr || route.MED != nil || route.Label != 0 || route.RD != vpn.RD{} || len(route.Communities) != 1 || route.Origin != bgp.OriginEGP) {
			t.Errorf("%s: %+v", name, route)
		}
		if tells && (len(route.Extended) != 1 || route.Extended[0].String() != "soo:65001:7" || len(route.Passed) != 1 || route.Passed[0].Type != 200) {
			t.Errorf("%s: passes on %v, %v", name, route.Extended, route.Passed)
		}
	}
}
