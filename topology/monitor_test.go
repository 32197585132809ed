package topology

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const monitoredLab = `name: t
defaults: {router: {as: 65000, bmp: 192.168.0.9}}
routers:
  pe1: {bmp: [{to: "10.9.0.2:5001", vrf: red, routes: [loc-rib, adj-rib-in-pre, loc-rib], statistics: 60s}, "[2001:db8::9]:7"], mrt: /var/log/mrt}
  pe2: {mrt: {directory: /srv/mrt/, updates: false, tables: 1h, rotate: 5m, keep: 3}}
  pe3: {bmp: []}
links:
- {ends: [pe1:eth1, pe2:eth1, pe3:eth1], subnets: [192.168.0.0/24, "2001:db8::/64"]}
vrfs: {red: {rts: "1:1"}}
hosts:
  r1: {to: pe1, vrf: red, addresses: ["2001:db8:1::2/64", 10.1.0.2/24]}
  r2: {to: pe2, vrf: red, addresses: 10.9.0.2/24}
`

func TestMonitors(t *testing.T) {
	lab, err := Parse("t.yaml", []byte(monitoredLab))
	if err != nil {
		t.Fatal(err)
	}
	if len(lab.Warnings) > 0 {
		t.Errorf("warnings: %v", lab.Warnings)
	}
	port := netip.MustParseAddrPort
	want := []Router{
		{Stations: []Station{
			{Address: port("10.9.0.2:5001"), VRF: "red", Source: netip.MustParseAddr("10.1.0.1"), Views: []string{"adj-rib-in-pre", "loc-rib"}, Statistics: time.Minute},
			{Address: port("[2001:db8::9]:7"), Views: slices.Sorted(slices.Values(defaultViews))},
		}, MRT: &MRT{Directory: "/var/log/mrt", Updates: true, Rotate: time.Hour, Keep: 24}},
		{Stations: []Station{{Address: port("192.168.0.9:5000"), Views: slices.Sorted(slices.Values(defaultViews))}},
			MRT: &MRT{Directory: "/srv/mrt", Tables: time.Hour, Rotate: 5 * time.Minute, Keep: 3}},
		{},
	}
	if diff := cmp.Diff(want, lab.Routers, cmpopts.IgnoreFields(Router{}, "Name", "AS", "ID", "Labels"),
		cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lab, err = Parse("t.yaml", []byte(strings.Replace(monitoredLab, "bmp: 192.168.0.9", "bmp: 192.168.7.9", 1)))
	if err != nil || len(lab.Warnings) != 1 || !strings.Contains(lab.Warnings[0].Message, "station 192.168.7.9 is on no link of pe2") {
		t.Errorf("%v, %v", lab.Warnings, err)
	}
}

var refusedMonitors = []refusal{
	{
		name: "stations",
		file: `name: t
vrfs: {red: {rts: "1:1"}}
hosts: {r1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}, r2: {to: pe1, vrf: red, addresses: 10.2.0.2/24}}
routers:
  pe1:
    as: 65001
    bmp:
    - {vrf: red}
    - {to: 10.9.0.2, vrf: rde}
    - {to: "[2001:db8::9]:5000", vrf: red}
    - {to: 10.2.0.1, vrf: red}
    - {to: 10.9.0.2, vrf: red}
    - {to: "10.9.0.2:5000", vrf: red, routes: all}
    - 127.0.0.1
    - 10.9.0.2:0
    - fe80::1
    - station.example.org`,
		want: []string{
			`:8: router pe1 bmp: a station has no address; add to: 10.0.0.9:5000`,
			`:9: router pe1 bmp: router pe1 has no VRF rde; did you mean red?`,
			`:10: router pe1 bmp: router pe1 has no ipv6 address in VRF red to reach 2001:db8::9 from; give a host there an ipv6 address with a gateway`,
			`:11: router pe1 bmp: 10.2.0.1 is the router's own address; use the address of the collector`,
			`:13: router pe1 bmp: station 10.9.0.2:5000 is there twice; remove one`,
			`:13: routers.pe1.bmp[5].routes: unknown value "all"; use one of adj-rib-in-pre, adj-rib-in-post, adj-rib-out-pre, adj-rib-out-post, loc-rib`,
			`:14: router pe1 bmp: 127.0.0.1 is a loopback address; use the address of the collector`,
			`:15: routers.pe1.bmp[7]: "10.9.0.2:0" is not the address of a station; write it as 10.0.0.9, 10.0.0.9:5000 or "[2001:db8::9]:5000"`,
			`:16: router pe1 bmp: fe80::1 is a link-local address, which every interface has anyway; use the address of the collector`,
			`:17: routers.pe1.bmp[9]: "station.example.org" is not the address of a station; write it as 10.0.0.9, 10.0.0.9:5000 or "[2001:db8::9]:5000"`,
		},
	},
	{
		name: "many stations",
		file: base + "defaults: {router: {bmp: [" + strings.Repeat("10.9.0.2, ", 17) + "]}}",
		want: []string{
			`:2: router pe1: has 17 stations, more than 16; remove some of bmp:`,
			`:2: router pe2: has 17 stations, more than 16; remove some of bmp:`,
		},
	},
	{
		name: "MRT files",
		file: `name: t
routers:
  pe1: {as: 65001, mrt: {keep: 3}}
  pe2: {as: 65001, mrt: mrt}
  pe3: {as: 65001, mrt: /var/../etc}
  pe4: {as: 65001, mrt: /etc/mrt}
  pe5: {as: 65001, mrt: {directory: /srv/mrt, rotate: 0}}
  pe6: {as: 65001, mrt: {directory: /srv/mrt, updates: false}}
  pe7: {as: 65001, mrt: {directory: /srv/mrt, keep: 0}}
  pe8: {as: 65001, mrt: /}`,
		want: []string{
			`:3: router pe1 mrt: names no directory; add directory: /var/log/mrt`,
			`:4: router pe2 mrt: directory "mrt" is not an absolute path; name a directory such as /var/log/mrt`,
			`:5: router pe3 mrt: directory "/var/../etc" is not written in its shortest form, or is the root; name a directory such as /var/log/mrt`,
			`:6: router pe4 mrt: directory "/etc/mrt" is in /etc; name a directory such as /var/log/mrt`,
			`:7: router pe5 mrt: rotate must be positive; write rotate: 1h`,
			`:8: router pe6 mrt: records nothing; remove updates: false, or add tables: 1h`,
			`:9: router pe7 mrt: keep 0 is not from 1 to 10000; write keep: 24`,
			`:10: router pe8 mrt: directory "/" is not written in its shortest form, or is the root; name a directory such as /var/log/mrt`,
		},
	},
}
