package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Spokes reach each other only through the hub site, as traceroute shows; without
// the hub's forwarding, packets are lost, and never take a short cut.
func TestRealHubSpoke(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "hub-spoke", "pwt-hub")
	l.up(t)
	s3 := hostAddress(t, l, "s3", "2001:db8:3::/64")
	ways := map[string][]string{
		"10.3.0.2": {"10.2.0.1", "10.9.0.1", "10.1.0.2", "10.1.0.1", "10.3.0.1", "10.3.0.2"},
		s3:         {"2001:db8:2::1", "2001:db8:9::1", "2001:db8:9::2", "2001:db8:1::1", "2001:db8:3::1", s3},
	}
	for to, want := range ways {
		got := hops(t, l, "s2", to)
		// hq answers from the address of either attachment.
		if len(got) == len(want) && (got[2] == "10.9.0.2" || got[2] == "2001:db8:1::2") {
			got[2] = want[2]
		}
		if !slices.Equal(got, want) {
			t.Errorf("traceroute s2 to %s: %v; want %v", to, got, want)
		}
	}
	checkReach(t, l, []reach{
		{"s2", "10.9.0.2", true}, {"s3", "2001:db8:9::2", true},
		{"s2", "10.1.0.2", true}, // through hq itself
	})
	l.mustExec(t, "hq", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
	checkReach(t, l, []reach{{"s2", "10.3.0.2", false}, {"s2", s3, false}, {"s2", "10.9.0.2", true}})
}

// Two customers and a service, on one router and across the core.
func TestRealExtranet(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "extranet", "pwt-extra")
	l.up(t)
	var all []reach
	for _, customer := range []string{"a1", "a2", "b1", "b2"} {
		all = append(all, both(customer, 9, true)...)
		all = append(all, reach{customer, "10.90.0.7", true}, reach{customer, "2001:db8:90::7", true})
		all = append(all, reach{customer, "10.9.0.1", true}) // the other VRF's gateway
	}
	for site := 1; site <= 4; site++ {
		all = append(all, both("mail", site, true)...)
	}
	all = append(all, both("a1", 2, true)...)
	all = append(all, both("b2", 3, true)...)
	for _, apart := range []struct {
		from string
		site int
	}{{"a1", 3}, {"a1", 4}, {"a2", 3}, {"a2", 4}, {"b1", 1}, {"b1", 2}, {"b2", 1}, {"b2", 2}} {
		all = append(all, both(apart.from, apart.site, false)...)
	}
	checkReach(t, l, all)
	t.Run("one hop", func(t *testing.T) { testOneHop(t, l) })
	t.Run("unknown host", func(t *testing.T) { testGlean(t, l) })
	t.Run("counters", func(t *testing.T) { testExtranetCounters(t, l) })
}

// testOneHop shows that the path through two VRFs of a router is one hop.
func testOneHop(t *testing.T, l lab) {
	for to, want := range map[string][]string{
		"10.9.0.2":      {"10.1.0.1", "10.9.0.2"},
		"2001:db8:9::2": {"2001:db8:1::1", "2001:db8:9::2"},
		"10.90.0.9":     {"10.1.0.1", "10.90.0.9"},
	} {
		if got := hops(t, l, "a1", to); !slices.Equal(got, want) {
			t.Errorf("traceroute a1 to %s: %v; want %v", to, got, want)
		}
	}
}

// testGlean adds an unknown address: a packet from the customer's VRF makes the
// router find it in the service's VRF. A silent address is reported.
func testGlean(t *testing.T, l lab) {
	l.mustExec(t, "mail", "ip", "address", "add", "10.9.0.33/24", "dev", "eth0")
	l.mustExec(t, "mail", "ip", "address", "add", "2001:db8:9::33/64", "dev", "eth0")
	checkReach(t, l, []reach{{"a1", "10.9.0.33", true}, {"b2", "2001:db8:9::33", true}})
	r := l.exec("b1", "ping", "-n", "-c", "1", "-W", "5", "10.9.0.44")
	if r.code == 0 || !strings.Contains(r.stdout, "From 10.3.0.1") || !strings.Contains(r.stdout, "Host Unreachable") {
		t.Errorf("ping of a silent address: exit code %d\n%s\nwant an answer from the customer's own gateway", r.code, r.stdout)
	}
}

// testExtranetCounters shows that each route on the path counts each packet once.
func testExtranetCounters(t *testing.T, l lab) {
	const pings = 5
	before := flowPackets(t, l)
	l.mustExec(t, "b1", "ping", "-n", "-c", fmt.Sprint(pings), "-i", "0.01", "10.9.0.2")
	after := flowPackets(t, l)
	want := map[string]uint64{
		"pe1 b out 10.9.0.0/24 -":       pings,
		"pe1 service out 10.9.0.2/32 -": pings,
		"pe1 service out 10.3.0.0/24 -": pings,
		"pe1 b out 10.3.0.2/32 -":       pings,
	}
	for row := range after {
		if got := after[row] - before[row]; got != want[row] {
			t.Errorf("row %q rose by %d; want %d", row, got, want[row])
		}
	}
}

// threeSites returns a hub of three PEs on a LAN; b and c announce the given
// prefixes.
func threeSites(name, b, c string) string {
	return fmt.Sprintf(`
name: %s
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}, pe3: {id: 10.0.0.3}}
links: [{ends: [pe1:eth1, pe2:eth1, pe3:eth1], subnets: [192.168.0.0/29, "2001:db8:ffff::/64"], bgp: full-mesh}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], announce: %s}
  c: {to: pe3, vrf: red, addresses: [10.3.0.2/24, "2001:db8:3::2/64"], announce: %s}
`, name, b, c)
}

// owns gives a host an address in its announced prefix.
func (l lab) owns(t testing.TB, host string, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		l.mustExec(t, host, "ip", "address", "add", a, "dev", "lo")
	}
}

// In one VRF, a /16 comes from one PE and a /24 inside it from another: the longer
// one is used for exactly its addresses while it exists.
func TestRealLongestPrefix(t *testing.T) {
	const wide, long = `[10.64.0.0/16, "2001:db8:64::/48"]`, `[10.64.7.0/24, "2001:db8:64:7::/64"]`
	dir := t.TempDir()
	l := fromText(t, dir, "pwt-longest", threeSites("pwt-longest", wide, "[]"))
	l.up(t)
	inside, outside := []string{"10.64.7.9", "2001:db8:64:7::9"}, []string{"10.64.8.9", "2001:db8:64:8::9"}
	for _, h := range []string{"b", "c"} {
		l.owns(t, h, "10.64.7.9/32", "2001:db8:64:7::9/128")
	}
	l.owns(t, "b", "10.64.8.9/32", "2001:db8:64:8::9/128")
	arrivesAt := func(when, host string, addresses []string) {
		t.Helper()
		for _, a := range addresses {
			before := echoesHeard(t, l, host)
			l.mustExec(t, "a", "ping", "-n", "-c", "2", "-i", "0.05", "-W", "2", a)
			if got := echoesHeard(t, l, host) - before; got != 2 {
				t.Errorf("%s: %d of 2 pings to %s arrive at %s", when, got, a, host)
			}
		}
	}
	arrivesAt("before", "b", inside)
	fromText(t, dir, l.name, threeSites(l.name, wide, long))
	must(t, "up", l.file, "--runtime", "netns")
	arrivesAt("during", "c", inside)
	arrivesAt("during", "b", outside)
	fromText(t, dir, l.name, threeSites(l.name, wide, "[]"))
	must(t, "up", l.file, "--runtime", "netns")
	eventually(t, 10*time.Second, func() error {
		for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1") {
			for _, r := range v.Routes {
				if r.Prefix.String() == "10.64.7.0/24" || r.Prefix.String() == "2001:db8:64:7::/64" {
					return fmt.Errorf("pe1 still has %s", r.Prefix)
				}
			}
		}
		return nil
	})
	arrivesAt("after", "b", inside)
	arrivesAt("after", "b", outside)
}

// With RD 1:1 in every VRF and route targets that differ by direction, only the route
// targets determine who hears whom. mixed is attached to both VPNs.
func TestRealAsymmetricTargets(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-asym", `
name: pwt-asym
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs:
  left:  {rd: "1:1", import: ["65000:20"], export: ["65000:10"]}
  right: {rd: "1:1", import: ["65000:10"], export: ["65000:20"]}
  other: {rd: "1:2", import: ["65000:30"], export: ["65000:30"]}
hosts:
  l1: {to: pe1, vrf: left, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  r2: {to: pe2, vrf: right, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  o1: {to: pe1, vrf: other, addresses: [10.3.0.2/24, "2001:db8:3::2/64"]}
  mixed:
    attach:
    - {to: pe2, vrf: left, rd: "1:3", addresses: [10.4.0.2/24, "2001:db8:4::2/64"], routes: [10.2.0.0/24, "2001:db8:2::/64"]}
    - {to: pe2, vrf: other, addresses: [10.5.0.2/24, "2001:db8:5::2/64"], routes: [10.3.0.0/24, "2001:db8:3::/64"]}
`)
	l.up(t)
	var all []reach
	for _, c := range []struct {
		from string
		site int
		want bool
	}{
		{"l1", 2, true}, {"r2", 1, true},
		{"l1", 3, false}, {"r2", 3, false}, {"o1", 1, false}, {"o1", 2, false},
		{"l1", 4, false}, // left does not import what left exports
		{"r2", 4, true},  // two VRFs of one router
		{"mixed", 2, true}, {"mixed", 3, true}, {"o1", 5, true},
		{"r2", 5, false}, // mixed does not forward, and right has no route to other
	} {
		all = append(all, both(c.from, c.site, c.want)...)
	}
	checkReach(t, l, all)
}
