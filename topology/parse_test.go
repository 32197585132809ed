package topology

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/vpn"
)

// parse parses a file that must be valid.
func parse(t *testing.T, file string) *Topology {
	t.Helper()
	lab, err := Parse("lab.yaml", []byte(file))
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return lab
}

func load(t *testing.T, name string) *Topology {
	t.Helper()
	path := filepath.Join("testdata", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lab, err := Parse(path, text)
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return lab
}

func hostNamed(t *testing.T, lab *Topology, name string) Host {
	t.Helper()
	i := slices.IndexFunc(lab.Hosts, func(h Host) bool { return h.Name == name })
	if i < 0 {
		t.Fatalf("no host %s", name)
	}
	return lab.Hosts[i]
}

var exact = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b vpn.RD) bool { return a == b }),
	cmp.Comparer(func(a, b vpn.RouteTarget) bool { return a == b }),
	cmp.Comparer(func(a, b vpn.SiteOfOrigin) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func target(t *testing.T, s string) vpn.RouteTarget {
	t.Helper()
	rt, err := vpn.ParseRouteTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func TestHubSpokeExample(t *testing.T) {
	lab := load(t, "hub-spoke.yaml")
	if got := len(lab.Sessions); got != 6 {
		t.Errorf("%d session views, want 6: a full mesh of three", got)
	}
	want := Host{
		Name: "hq", Forward: true,
		Attachments: []Attachment{{
			Router: "pe1", VRF: "hub-in", Interface: "eth0", MTU: 1500,
			Addresses: prefixes("10.1.0.2/24", "2001:db8:1::2/64"),
			Gateways:  prefixes("10.1.0.1/24", "2001:db8:1::1/64"),
			Routes:    prefixes("10.0.0.0/8", "2001:db8::/32"),
		}, {
			Router: "pe1", VRF: "hub-out", Interface: "eth1", MTU: 1500,
			Addresses: prefixes("10.9.0.2/24", "2001:db8:9::2/64"),
			Gateways:  prefixes("10.9.0.1/24", "2001:db8:9::1/64"),
			Statics: []Static{
				{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.9.0.2")},
				{netip.MustParsePrefix("::/0"), netip.MustParseAddr("2001:db8:9::2")},
			},
		}},
	}
	if diff := cmp.Diff(want, hostNamed(t, lab, "hq"), exact); diff != "" {
		t.Errorf("hq (-want +got):\n%s", diff)
	}
	spoke := hostNamed(t, lab, "s2").Attachments[0]
	if !spoke.SLAAC || spoke.RA == nil || spoke.RA.Prefixes[0].Prefix.String() != "2001:db8:2::/64" || spoke.RA.Lifetime != 30*time.Minute {
		t.Errorf("s2: slaac %v, ra %+v", spoke.SLAAC, spoke.RA)
	}
	if diff := cmp.Diff(prefixes("10.2.0.1/24", "2001:db8:2::1/64"), spoke.Gateways, exact); diff != "" {
		t.Errorf("gateways of s2 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Expectation{{From: "s2", To: "s3", Through: []string{"hq"}}}, lab.Expect, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("expectations (-want +got):\n%s", diff)
	}
	rds := make(map[string]string)
	for _, v := range lab.VRFs {
		rds[v.Router+" "+v.Name] = v.RD.String()
	}
	wantRDs := map[string]string{"pe1 hub-in": "10.0.0.1:1", "pe1 hub-out": "10.0.0.1:2", "pe2 spoke": "10.0.0.2:3", "pe3 spoke": "10.0.0.3:3"}
	if diff := cmp.Diff(wantRDs, rds); diff != "" {
		t.Errorf("RDs (-want +got):\n%s", diff)
	}
}

// TestSeriesInTwoVPNs checks the point of the example: 30.1.0.0/24 is behind pe2 in
// VPN 101 and behind pe1 in VPN 301.
func TestSeriesInTwoVPNs(t *testing.T) {
	lab := load(t, "pseudo-wan.yaml")
	for i, vrf := range []int{101, 102, 103, 201, 202, 203, 301, 302, 401, 402} {
		h := hostNamed(t, lab, fmt.Sprintf("remote_%03d_%d", i+1, vrf))
		a := h.Attachments[0]
		if want := fmt.Sprintf("30.%d.0.2/24", i+1); a.Addresses[0].String() != want || a.VRF != fmt.Sprint(vrf) || a.Router != "pe2" {
			t.Errorf("%s: %v in VRF %s on %s, want %s", h.Name, a.Addresses, a.VRF, a.Router, want)
		}
		for k, s := range a.Statics {
			if want := fmt.Sprintf("130.%d.%d.0/24", i+1, k); s.Prefix.String() != want || s.NextHop != a.Addresses[0].Addr() {
				t.Errorf("%s: static %v, want %s", h.Name, s, want)
			}
		}
		if len(h.LANs) != 10 || len(a.Statics) != 10 {
			t.Errorf("%s: %d LANs, %d statics", h.Name, len(h.LANs), len(a.Statics))
		}
	}
	if got := hostNamed(t, lab, "host_007_301").Attachments[0].Addresses[0].String(); got != "30.1.0.2/24" {
		t.Errorf("host_007_301 has %s", got)
	}
}

func TestDualStackSeries(t *testing.T) {
	lab := parse(t, `
name: t
routers: {pe1: {as: 1}}
series:
- {on: pe1, name: "{on}-{i:02}-{vrf}", rd: "1:{vrf}", step: /16, step6: /48, lans: 2, mtu: 1400, rows: [
    {vrfs: 9-10, subnet: 10.1.0.0/31, subnet6: "2001:db8::/64", lan: 10.128.0.0/24, lan6: "2001:db8:0:8000::/64"}]}
`)
	want := Host{Name: "pe1-02-10", LANs: prefixes("10.129.0.1/24", "10.129.1.1/24", "2001:db8:1:8000::1/64", "2001:db8:1:8001::1/64")}
	got := hostNamed(t, lab, "pe1-02-10")
	if diff := cmp.Diff(want, got, exact, cmpopts.IgnoreFields(Host{}, "Attachments")); diff != "" {
		t.Errorf("host (-want +got):\n%s", diff)
	}
	a := got.Attachments[0]
	if diff := cmp.Diff(prefixes("10.2.0.1/31", "2001:db8:1::2/64"), a.Addresses, exact); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(prefixes("10.2.0.0/31", "2001:db8:1::1/64"), a.Gateways, exact); diff != "" {
		t.Errorf("gateways (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(prefixes("0.0.0.0/0", "::/0"), a.Routes, exact); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if a.MTU != 1400 || lab.VRFs[0].Name != "9" || lab.VRFs[1].Name != "10" {
		t.Errorf("MTU %d, VRFs %s, %s", a.MTU, lab.VRFs[0].Name, lab.VRFs[1].Name)
	}
}

// TestShuffledHosts checks that the order of hosts in the file determines only
// their order in the lab.
func TestShuffledHosts(t *testing.T) {
	head := "name: t\nrouters: {pe1: {as: 1}, pe2: {as: 1}}\nvrfs: {b: {rts: \"1:1\"}, a: {rts: \"1:2\"}, c10: {rts: \"1:3\"}, c9: {rts: \"1:4\"}}\nhosts:\n"
	lines := []string{
		"  h1: {to: pe2, vrf: b, addresses: [10.1.0.2/24]}\n",
		"  h2: {to: pe1, vrf: a, addresses: [10.1.0.2/24], lans: [10.2.0.0/24]}\n",
		"  h3: {to: pe1, vrf: c10, addresses: [10.3.0.2/24]}\n",
		"  h4: {to: pe1, vrf: c9, addresses: [10.3.0.2/24]}\n",
	}
	want := parse(t, head+strings.Join(lines, ""))
	slices.Reverse(lines)
	got := parse(t, head+strings.Join(lines, ""))
	slices.Reverse(got.Hosts)
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("after shuffling (-before +after):\n%s", diff)
	}
	var names []string
	for _, v := range got.VRFs {
		names = append(names, v.Router+" "+v.Name+" "+v.RD.String())
	}
	order := []string{"pe1 a 10.255.0.1:1", "pe1 c9 10.255.0.1:3", "pe1 c10 10.255.0.1:4", "pe2 b 10.255.0.2:2"}
	if diff := cmp.Diff(order, names); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}

func TestDefaultsAndAnchors(t *testing.T) {
	lab := parse(t, `
name: t
x-site: &site {vrf: red, to: pe1}
defaults: {router: {as: 7}, host: {image: alpine, mtu: 1400, env: {A: "1", B: "2"}}}
label-mode: per-vrf
redistribute: {static: false}
routers: {pe1: , pe2: {as: 8, id: 10.255.0.1}}
vrfs: {red: {rts: 7:1, import: ["7:3", "7:2"], label-mode: per-prefix, redistribute: {connected: none}}}
hosts:
  a: {<<: *site, addresses: 10.1.0.2/24, env: {B: "3"}, command: [sleep, 60], routes: []}
  b: {<<: *site, addresses: 10.2.0.2/24, mtu: 1300, lans: [10.8.0.0/24, 10.9.0.7/24], routes: [10.0.0.0/8]}
`)
	if diff := cmp.Diff([]Router{
		{Name: "pe1", AS: 7, ID: netip.MustParseAddr("10.255.0.2"), Labels: vpn.LabelRange{First: 1000, Last: 1999}},
		{Name: "pe2", AS: 8, ID: netip.MustParseAddr("10.255.0.1"), Labels: vpn.LabelRange{First: 2000, Last: 2999}},
	}, lab.Routers, exact); diff != "" {
		t.Errorf("routers (-want +got):\n%s", diff)
	}
	rd, _ := vpn.ParseRD("10.255.0.2:1")
	if diff := cmp.Diff([]VRF{{
		Router: "pe1", Name: "red", RD: rd,
		Import:    []vpn.RouteTarget{target(t, "7:1"), target(t, "7:2"), target(t, "7:3")},
		Export:    []vpn.RouteTarget{target(t, "7:1")},
		LabelMode: vpn.PerPrefix, RedistributeConnected: RedistributeNone,
	}}, lab.VRFs, exact); diff != "" {
		t.Errorf("VRFs (-want +got):\n%s", diff)
	}
	a, b := lab.Hosts[0], lab.Hosts[1]
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "3"}, a.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sleep", "60"}, a.Command); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	if a.Image != "alpine" || a.Attachments[0].MTU != 1400 || b.Attachments[0].MTU != 1300 || len(a.Attachments[0].Routes) != 0 {
		t.Errorf("hosts:\n%+v\n%+v", a, b)
	}
	if diff := cmp.Diff(prefixes("10.8.0.1/24", "10.9.0.7/24"), b.LANs, exact); diff != "" {
		t.Errorf("LANs (-want +got):\n%s", diff)
	}
	if lab.NodePrefix != "pw-t-" {
		t.Errorf("prefix %q", lab.NodePrefix)
	}
}

// TestDefaultLabelsGrow checks that a default range is large enough for the
// attachments and that its start does not change.
func TestDefaultLabelsGrow(t *testing.T) {
	lab := parse(t, `
name: t
routers: {pe1: {as: 1}, pe2: {as: 1}}
series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", lans: 1, rows: [{vrfs: 1-1500, subnet: 10.1.0.0/24, lan: 10.2.0.0/24}]}
`)
	if got := lab.Routers[0].Labels; got.First != 1000 || got.Size() < 3000 {
		t.Errorf("range %v", got)
	}
	if got := lab.Routers[1].Labels.First; got != 2000 {
		t.Errorf("second router starts at %d", got)
	}
}

func TestLANsViaTwoAttachments(t *testing.T) {
	lab := parse(t, `
name: t
routers: {pe1: {as: 1}, pe2: {as: 1}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a:
    lans: [10.9.0.0/24]
    lans-via: [eth0, up]
    attach:
    - {to: pe1, vrf: red, addresses: [10.1.0.2/24], routes: [0.0.0.0/0]}
    - {to: pe2, vrf: red, addresses: [10.2.0.2/24], interface: up, announce: {prefix: 10.10.0.0/16, next-hop: 10.2.0.9}}
`)
	var got []string
	for _, a := range lab.Hosts[0].Attachments {
		for _, s := range a.Statics {
			got = append(got, fmt.Sprint(a.Router, " ", s.Prefix, " ", s.NextHop))
		}
	}
	want := []string{"pe1 10.9.0.0/24 10.1.0.2", "pe2 10.10.0.0/16 10.2.0.9", "pe2 10.9.0.0/24 10.2.0.2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statics (-want +got):\n%s", diff)
	}
}
