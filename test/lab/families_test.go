package lab

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Two VPNs have the same addresses in both families: each ping arrives at the right
// host and at no other.
func TestRealDualStack(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "dual-stack", "pwt-dual")
	l.up(t)
	const slaac = "2001:db8:2::ff:fe00:202"
	all := []string{"red1", "red2", "blue1", "blue2"}
	for _, c := range []struct{ from, to, address string }{
		{"red1", "red2", "10.2.0.2"}, {"red1", "red2", slaac},
		{"blue1", "blue2", "10.2.0.2"}, {"blue1", "blue2", slaac},
		{"red2", "red1", "10.1.0.2"}, {"red2", "red1", "2001:db8:1::2"},
		{"blue2", "blue1", "10.1.0.2"}, {"blue2", "blue1", "2001:db8:1::2"},
	} {
		before := map[string]int{}
		for _, h := range all {
			before[h] = echoesHeard(t, l, h)
		}
		l.mustExec(t, c.from, "ping", "-n", "-c", "3", "-i", "0.05", "-W", "2", c.address)
		for _, h := range all {
			want := 0
			if h == c.to {
				want = 3
			}
			if got := echoesHeard(t, l, h) - before[h]; got != want {
				t.Errorf("%s to %s: %s hears %d pings; want %d", c.from, c.address, h, got, want)
			}
		}
	}
	t.Run("what is advertised", func(t *testing.T) { testAdvertised(t, l) })
	t.Run("unasked", func(t *testing.T) { testUnsolicited(t, l) })
	t.Run("duplicate address", func(t *testing.T) { testDAD(t, l) })
}

// testAdvertised checks what a SLAAC host has configured from the advertisement.
func testAdvertised(t *testing.T, l lab) {
	routes := l.mustExec(t, "blue2", "ip", "-6", "route")
	if !strings.Contains(routes, "default via fe80::") || !strings.Contains(routes, "pref high") || !regexp.MustCompile(`proto ra .* expires 1[0-9]{3}sec`).MatchString(routes) {
		t.Errorf("no default route by router advertisement with preference high, and its lifetime of 1800 s:\n%s", routes)
	}
	address := l.mustExec(t, "blue2", "ip", "-6", "address", "show", "dev", "eth0", "scope", "global")
	if !strings.Contains(address, "2001:db8:2::ff:fe00:202/64") || !strings.Contains(address, "valid_lft 259") {
		t.Errorf("no address of the advertised prefix with the lifetime of RFC 4861, 30 days:\n%s", address)
	}
}

// testUnsolicited removes and restores a host's carrier: the router advertises at
// once, and again soon after, without being asked.
func testUnsolicited(t *testing.T, l lab) {
	l.mustExec(t, "blue2", "sysctl", "-qw", "net.ipv6.conf.eth0.router_solicitations=0")
	wire := startCapture(t, l, "pe2", accessPort(t, l, "pe2", "blue2"), 2, "icmp6 and (ip6[40] == 133 or ip6[40] == 134)")
	l.mustExec(t, "blue2", "ip", "link", "set", "eth0", "down")
	l.mustExec(t, "blue2", "ip", "link", "set", "eth0", "up")
	for _, a := range wire.icmp6(t) {
		if a.kind != "134" || a.hopLimit != "255" || a.dst != "ff02::1" || !strings.HasPrefix(a.src, "fe80::") {
			t.Errorf("on the wire: %+v; want a router advertisement to all nodes", a)
		}
		if a.prefix != "2001:db8:2::" || a.rdnss != "2001:db8:1::53" || a.dnssl != "blue.example" {
			t.Errorf("advertised: %+v", a)
		}
	}
	eventually(t, 10*time.Second, func() error {
		if r := l.exec("blue1", "ping", "-n", "-c", "1", "-W", "1", "2001:db8:2::ff:fe00:202"); r.code != 0 {
			return fmt.Errorf("the host has not configured itself again:\n%s", r.stdout)
		}
		return nil
	})
}

// accessPort returns the name of the port of a host.
func accessPort(t testing.TB, l lab, router, host string) string {
	t.Helper()
	for _, i := range table[status.Interface](t, l, "interface", "--router", router) {
		if i.Host == host {
			return i.Name
		}
	}
	t.Fatalf("router %s has no port for %s", router, host)
	return ""
}

// testDAD gives a host its gateway's address: duplicate address detection finds
// that it is taken.
func testDAD(t *testing.T, l lab) {
	for _, key := range []string{"accept_dad=1", "dad_transmits=1"} {
		l.mustExec(t, "red1", "sysctl", "-qw", "net.ipv6.conf.eth0."+key)
	}
	l.mustExec(t, "red1", "ip", "address", "add", "2001:db8:1::1/64", "dev", "eth0")
	t.Cleanup(func() { l.exec("red1", "ip", "address", "del", "2001:db8:1::1/64", "dev", "eth0") })
	eventually(t, 5*time.Second, func() error {
		out := l.mustExec(t, "red1", "ip", "-6", "address", "show", "dev", "eth0")
		if !strings.Contains(out, "dadfailed") {
			return fmt.Errorf("nobody defends the gateway's address:\n%s", out)
		}
		return nil
	})
}

// icmp6 is a router discovery message as tshark decodes it.
type icmp6 struct{ kind, src, dst, hopLimit, prefix, rdnss, dnssl string }

func (c *capture) icmp6(t testing.TB) []icmp6 {
	t.Helper()
	var all []icmp6
	for _, f := range c.decode(t, "icmpv6.type", "ipv6.src", "ipv6.dst", "ipv6.hlim", "icmpv6.opt.prefix", "icmpv6.opt.rdnss", "icmpv6.opt.dnssl") {
		all = append(all, icmp6{f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	}
	return all
}

// A core without IPv4 carries both families of customers; on its wires, IPv4 occurs
// only in labelled packets.
func TestRealIPv6Core(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "ipv6-core", "pwt-v6core")
	l.up(t)
	var all []reach
	for _, vpn := range []string{"red", "blue"} {
		all = append(all, both(vpn+"1", 2, true)...)
		all = append(all, both(vpn+"2", 1, true)...)
	}
	all = append(all,
		reach{"red1", "10.20.0.9", true}, reach{"red1", "2001:db8:20::9", true},
		reach{"blue1", "10.20.0.9", false}, reach{"blue1", "2001:db8:20::9", false})
	plain := startCapture(t, l, "pe1", "eth1", 1, "ip or arp")
	checkReach(t, l, all)
	plain.mustBeEmpty(t)
	const pings = 2
	wire := startCapture(t, l, "pe1", "eth1", 2*pings, "mpls")
	l.mustExec(t, "red1", "ping", "-n", "-c", fmt.Sprint(pings), "-i", "0.2", "10.2.0.2")
	for _, f := range wire.frames(t) {
		if len(f.labels) != 1 || f.ttls[0] != "63" {
			t.Errorf("on the wire: %s; want one label, TTL 63", f)
		}
	}
	for _, to := range []string{"10.2.0.2", "2001:db8:2::2"} {
		gateways := map[string][]string{
			"10.2.0.2":      {"10.1.0.1", "10.2.0.1", "10.2.0.2"},
			"2001:db8:2::2": {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:2::2"},
		}
		if got := hops(t, l, "red1", to); !slices.Equal(got, gateways[to]) {
			t.Errorf("traceroute to %s: %v; want %v", to, got, gateways[to])
		}
	}
}

// If a core link has a smaller MTU than the hosts' wires, hosts of both families
// learn the size that fits with a label, and TCP adapts.
func TestRealPathMTU(t *testing.T) {
	for _, core := range []struct{ name, subnet string }{{"pwt-mtu4", "192.168.0.0/30"}, {"pwt-mtu6", "2001:db8:ffff::/64"}} {
		t.Run(core.subnet, func(t *testing.T) {
			l := fromText(t, t.TempDir(), core.name, fmt.Sprintf(`
name: %s
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: ["%s"], mtu: 1400}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
`, core.name, core.subnet))
			l.up(t)
			for _, c := range []struct{ to, size, says string }{
				{"10.2.0.2", "1472", "mtu = 1396"},
				{"2001:db8:2::2", "1452", "mtu=1396"},
			} {
				r := l.exec("a", "ping", "-n", "-M", "do", "-c", "1", "-W", "2", "-s", c.size, c.to)
				if r.code == 0 || !strings.Contains(r.stdout, c.says) {
					t.Errorf("1500 octets to %s: exit code %d, %s", c.to, r.code, r.stdout)
				}
				testTransfer(t, l, "a", "b", c.to)
			}
			r := l.mustExec(t, "b", "ping", "-n", "-M", "dont", "-c", "1", "-W", "2", "-s", "3000", "10.1.0.2")
			if !strings.Contains(r, "3008 bytes") {
				t.Errorf("a packet that may be fragmented does not arrive whole:\n%s", r)
			}
		})
	}
}

// testTransfer sends a megabyte by TCP.
func testTransfer(t *testing.T, l lab, from, to, address string) {
	t.Helper()
	server := exec.Command("nsenter", "--net="+l.netns(to), "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	eventually(t, 30*time.Second, func() error { // until the server listens
		if r := l.exec(from, "timeout", "20", "iperf3", "-c", address, "-n", "1M"); r.code != 0 {
			return fmt.Errorf("iperf3 to %s: exit code %d: %s%s", address, r.code, r.stdout, r.stderr)
		}
		return nil
	})
}

// Two hosts announce a prefix with the same link-local next hop, each on its own
// link: the routes lead to the right host.
func TestRealLinkLocalNextHop(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-linklocal", `
name: pwt-linklocal
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: ["2001:db8:ffff::/64"]}]
redistribute: {connected: hosts}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: ["2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red, addresses: [slaac], mac: "02:00:00:00:02:02", ra: "2001:db8:2::/64", announce: [{prefix: "2001:db8:77::/64", next-hop: "fe80::ff:fe00:202"}]}
  c: {to: pe2, vrf: red, addresses: [slaac], mac: "02:00:00:00:02:02", ra: "2001:db8:3::/64", announce: [{prefix: "2001:db8:78::/64", next-hop: "fe80::ff:fe00:202"}]}
`)
	l.up(t)
	l.owns(t, "b", "2001:db8:77::1/128")
	l.owns(t, "c", "2001:db8:78::1/128")
	for _, from := range []string{"a", "b", "c"} {
		for host, address := range map[string]string{"b": "2001:db8:77::1", "c": "2001:db8:78::1"} {
			if from == host {
				continue
			}
			before := echoesHeard(t, l, host)
			l.mustExec(t, from, "ping", "-n", "-c", "2", "-i", "0.05", "-W", "2", address)
			if got := echoesHeard(t, l, host) - before; got != 2 {
				t.Errorf("%s to %s: %s hears %d pings; want 2", from, address, host, got)
			}
		}
	}
	for _, v := range table[status.VRF](t, l, "vrf") {
		for _, r := range v.Routes {
			if r.Prefix.Addr().IsLinkLocalUnicast() {
				t.Errorf("VRF %s of %s has a route to %s", v.VRF, v.Router, r.Prefix)
			}
		}
	}
}
