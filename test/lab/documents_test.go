package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// The vRouter of the OPNFV user guide: SLAAC by the provider's router and by the
// vRouter makes the addresses that the guide shows, the next hop of the route back is
// one of them, and all four reach each other and another site.
func TestRealIPv6VRouter(t *testing.T) {
	if r := command("which", "radvd"); r.code != 0 {
		t.Skip("no radvd")
	}
	l := fromCatalog(t, t.TempDir(), "ipv6-vrouter", "pwt-vrouter")
	l.up(t)
	const vm1, vm2 = "2001:db8:0:2:f816:3eff:fe33:3333", "2001:db8:0:2:f816:3eff:fe44:4444"
	for host, address := range map[string]string{
		"vrouter": "2001:db8:0:1:f816:3eff:fe11:1111", "vm1": vm1, "vm2": vm2,
	} {
		eventually(t, 20*time.Second, func() error {
			if out := l.mustExec(t, host, "ip", "-6", "address", "show", "scope", "global"); !strings.Contains(out, " "+address+"/64 ") {
				return fmt.Errorf("%s has\n%s", host, out)
			}
			return nil
		})
	}
	if out := l.mustExec(t, "vm1", "ip", "-6", "route", "show", "default"); !strings.Contains(out, "via fe80::f816:3eff:fe22:2222 dev eth0 proto ra") {
		t.Errorf("vm1's default route is not the vRouter's: %s", out)
	}
	routes := table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "net2")[0].Routes
	if !slices.ContainsFunc(routes, func(r status.Route) bool {
		return r.Prefix.String() == "2001:db8:0:2::/64" && r.NextHop.String() == "2001:db8:0:1:f816:3eff:fe11:1111"
	}) {
		t.Errorf("pe1 has no route by the vRouter's SLAAC address: %+v", routes)
	}
	for _, from := range []string{"vm1", "vm2"} {
		for _, to := range []string{"2001:db8:0:1::1", "2001:db8:0:1:f816:3eff:fe11:1111", "2001:db8:0:2::1", vm1, vm2, "2001:db8:9::2", "20.0.0.2", "20.0.0.3", "20.0.0.4"} {
			l.mustExec(t, from, "ping", "-n", "-c", "1", "-W", "5", to)
		}
	}
	if got, want := hops(t, l, "site2", vm1), []string{"2001:db8:9::1", "2001:db8:0:1::1", "2001:db8:0:1:f816:3eff:fe11:1111", vm1}; !slices.Equal(got, want) {
		t.Errorf("traceroute from site2: %v; want %v", got, want)
	}
}

// The containers of two hosts on a switch: three routes on each host, and every
// container reaches every other one. With a third host, routes change on all.
func TestRealClusterSwitched(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "cluster-switched", "pwt-switched")
	l.up(t)
	routes := func(host string, want ...string) {
		t.Helper()
		got := l.mustExec(t, host, "ip", "-6", "route")
		for _, w := range want {
			if !strings.Contains(got, w+" ") {
				t.Errorf("%s has no route %q:\n%s", host, w, got)
			}
		}
	}
	routes("host1", "2001:db8::/64 dev eth0", "2001:db8:1::/64 dev docker0", "2001:db8:2::/64 via 2001:db8::2 dev eth0")
	routes("host2", "2001:db8::/64 dev eth0", "2001:db8:2::/64 dev docker0", "2001:db8:1::/64 via 2001:db8::1 dev eth0")
	way(t, l, "c11", "2001:db8:2::21", "2001:db8:1::1", "2001:db8::2")
	way(t, l, "c11", "2001:db8:1::12")
	way(t, l, "far", "2001:db8:2::22", "2001:db8:e::1", "2001:db8::ff", "2001:db8::2")

	l.editUntil(t, func() error { return nil },
		"via: host2}], announce", `via: host2}, {prefix: "2001:db8:3::/64", via: host3}], announce`,
		"via: host1}], announce", `via: host1}, {prefix: "2001:db8:3::/64", via: host3}], announce`,
		"  c11:", `  host3:
    forward: true
    attach:
    - {to: switch, addresses: ["2001:db8::3/64"], routes: ["::/0", {prefix: "2001:db8:1::/64", via: host1}, {prefix: "2001:db8:2::/64", via: host2}], announce: "2001:db8:3::/64"}
    - {to: docker3, interface: docker0, addresses: ["2001:db8:3::1/64"]}
  c31: {to: docker3, addresses: ["2001:db8:3::31/64"], routes: [{prefix: "::/0", via: host3}]}
  c11:`,
		`  docker2: {`, "  docker3: {subnets: [\"2001:db8:3::/64\"]}\n  docker2: {")
	routes("host1", "2001:db8:3::/64 via 2001:db8::3 dev eth0")
	routes("host2", "2001:db8:3::/64 via 2001:db8::3 dev eth0")
	way(t, l, "c31", "2001:db8:1::11", "2001:db8:3::1", "2001:db8::1")
	must(t, "verify", l.name)
}

// The same below a router: hosts know their default gateway and their containers. A
// third host is a route of the router; pings go on, and the others' routes stay.
func TestRealClusterRouted(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "cluster-routed", "pwt-routed")
	l.up(t)
	routes := func(host string) string { return l.mustExec(t, host, "ip", "-6", "route", "show", "proto", "static") }
	if got := routes("host1"); got != "default via 2001:db8:1::1 dev eth0 metric 1024 pref medium\n" {
		t.Errorf("host1 has the routes\n%s", got)
	}
	way(t, l, "c11", "2001:db8:2:1::21", "2001:db8:1:1::1", "2001:db8:1::1", "2001:db8:2::2")
	way(t, l, "far", "2001:db8:1:1::12", "2001:db8:e::1", "2001:db8:1::1", "2001:db8:1::2")
	before := routes("host1") + routes("host2")
	lost := make(chan result)
	go func() {
		lost <- l.exec("c11", "ping", "-n", "-q", "-c", "40", "-i", "0.05", "-W", "2", "2001:db8:2:1::21")
	}()
	l.editUntil(t, func() error { return nil },
		"  c11:", `  host3:
    forward: true
    attach:
    - {to: pe1, vrf: cluster, addresses: ["2001:db8:3::2/64"], routes: ["::/0"], announce: "2001:db8:3::/48"}
    - {to: docker3, interface: docker0, addresses: ["2001:db8:3:1::1/64"]}
  c31: {to: docker3, addresses: ["2001:db8:3:1::31/64"], routes: [{prefix: "::/0", via: host3}]}
  c11:`,
		`  docker2: {`, "  docker3: {subnets: [\"2001:db8:3:1::/64\"]}\n  docker2: {")
	if r := <-lost; r.code != 0 || !strings.Contains(r.stdout, " 0% packet loss") {
		t.Errorf("pings while a third host came:\n%s%s", r.stdout, r.stderr)
	}
	if after := routes("host1") + routes("host2"); after != before {
		t.Errorf("routes of host1 and host2 were\n%sand are\n%s", before, after)
	}
	way(t, l, "c31", "2001:db8:1:1::11", "2001:db8:3:1::1", "2001:db8:3::1", "2001:db8:1::2")
	must(t, "verify", l.name)
}

// way tests the hops of a traceroute before the target itself.
func way(t *testing.T, l lab, from, to string, want ...string) {
	t.Helper()
	if got := hops(t, l, from, to); !slices.Equal(got, append(want, to)) {
		t.Errorf("traceroute from %s to %s: %v; want %v", from, to, got, want)
	}
}

// A host answers neighbour discovery for its containers, which have addresses of its
// own subnet: all have its MAC address. Without that nobody finds them.
func TestRealNDPProxy(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "ndp-proxy", "pwt-proxy")
	l.up(t)
	l.mustExec(t, "far", "ping", "-n", "-c", "1", "-W", "5", "2001:db8::c009") // the kernel delays what it answers for others
	way(t, l, "far", "2001:db8::c009", "2001:db8:9::1", "2001:db8::1", "2001:db8::c001")
	l.mustExec(t, "neighbour", "ping", "-n", "-c", "1", "-W", "5", "2001:db8::c00b")
	macs := map[string]string{}
	for _, n := range table[status.Neighbor](t, l, "arp", "--router", "pe1") {
		macs[n.Address.String()] = n.MAC
	}
	out := l.mustExec(t, "neighbour", "ip", "-6", "neighbour", "show", "2001:db8::c00b")
	if macs["2001:db8::c009"] == "" || macs["2001:db8::c009"] != macs["2001:db8::c001"] || !strings.Contains(out, macs["2001:db8::c001"]) {
		t.Errorf("pe1 knows %v, neighbour %s; want one MAC for host and containers", macs, out)
	}
	if proxied := l.mustExec(t, "dockerhost", "ip", "-6", "neighbour", "show", "proxy"); strings.Count(proxied, "\n") != 8 {
		t.Errorf("dockerhost answers for\n%s", proxied)
	}
	l.editUntil(t, func() error {
		if r := l.exec("far", "ping", "-n", "-c", "1", "-W", "1", "2001:db8::c00b"); r.code == 0 {
			return fmt.Errorf("without proxy-nd a container still answers")
		}
		return nil
	}, `, proxy-nd: "2001:db8::c008/125"`, "")
	l.editUntil(t, func() error {
		if r := l.exec("far", "ping", "-n", "-c", "1", "-W", "1", "2001:db8::c00b"); r.code != 0 {
			return fmt.Errorf("a route instead of the proxy: %s", r.stdout)
		}
		return nil
	}, `routes: ["::/0"]}`, `routes: ["::/0"], announce: "2001:db8::c008/125"}`)
}

// One VRF of a router has both families: one RD, the same route targets, one session
// that carries VPNv4 and VPNv6. Tenants with the same addresses do not meet.
func TestRealL3VPNDualStack(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "l3vpn-dual-stack", "pwt-single")
	l.up(t)
	bothFamilies(t, l, "pe1", "tenant", "65000:100", 3)
	for _, to := range []string{"10.2.0.2", "2001:db8:2::2", "10.3.0.2", "2001:db8:3::2"} {
		l.mustExec(t, "vm1", "ping", "-n", "-c", "1", "-W", "5", to)
	}
	way(t, l, "vm1", "10.2.0.2", "10.1.0.1")
	way(t, l, "site", "2001:db8:1::2", "2001:db8:3::1", "2001:db8:1::1")
	must(t, "verify", l.name)
}

// Two data centres in two ASes, whose core has IPv6 only: the tenant's IPv4 and IPv6
// cross it under labels, and a machine makes its address by SLAAC.
func TestRealL3VPNInterDC(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "l3vpn-inter-dc", "pwt-dc")
	l.up(t)
	bothFamilies(t, l, "dc1", "tenant", "10.0.0.1:1", 3)
	const vm2 = "2001:db8:2:0:f816:3eff:fe22:2222"
	wire := startCapture(t, l, "dc1", "eth1", 2, "mpls")
	l.mustExec(t, "vm1", "ping", "-n", "-c", "1", "-W", "5", "10.3.0.2")
	for _, f := range wire.frames(t) {
		if len(f.labels) != 1 {
			t.Errorf("on the core: %s", f)
		}
	}
	way(t, l, "vm3", vm2, "2001:db8:3::1", "2001:db8:1::1")
	must(t, "verify", l.name)
}

// bothFamilies checks that the VRF has n prefixes of each family, under one RD, and
// that the router's only session carries both.
func bothFamilies(t *testing.T, l lab, router, vrf, rd string, n int) {
	t.Helper()
	v := table[status.VRF](t, l, "vrf", "--router", router, "--vrf", vrf)[0]
	four, six := 0, 0
	for _, r := range v.Routes {
		if r.Prefix.Addr().Is4() {
			four++
		} else {
			six++
		}
	}
	peers := table[status.Peer](t, l, "peer", "--router", router)
	if four != n || six != n || v.RD != rd || len(peers) != 1 || len(peers[0].Families) != 2 {
		t.Errorf("VRF %s of %s: RD %s, %d and %d prefixes; sessions %+v", vrf, router, v.RD, four, six, peers)
	}
}
