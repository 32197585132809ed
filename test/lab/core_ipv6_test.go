package lab

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/status"
)

// pathToFEC returns the label-switched path of a router to a loopback.
func pathToFEC(t testing.TB, l lab, router, loopback string) status.LSP {
	t.Helper()
	for _, p := range table[status.LSP](t, l, "lsp", "--router", router) {
		if p.FEC.Addr() == netip.MustParseAddr(loopback) {
			return p
		}
	}
	t.Fatalf("router %s has no path to %s", router, loopback)
	return status.LSP{}
}

// versions are the addresses of host b2 of lab core-ipv6, and the prefixes that they are in.
var versions = []struct{ to, prefix string }{{"10.2.0.2", "10.2.0.0/24"}, {"2001:db8:b2::2", "2001:db8:b2::/64"}}

// A core without IPv4 carries customers' packets of both versions under the stack that the
// tables say, over equal paths, and tells customers of both what they must know.
func TestRealCoreIPv6(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := fromCatalog(t, t.TempDir(), "core-ipv6", "pwt-core6", strings.NewReplacer(
		`subnets: ["2001:db8:0:5::/64"]`, `subnets: ["2001:db8:0:5::/64"], mtu: 1400`).Replace)
	l.up(t)
	four := startCapture(t, l, "p3", "eth3", 1, "arp or ip")
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
	if p := pathTo(t, l, "pe1", "pe2"); p.FEC.String() != "2001:db8:ffff::2/128" || len(p.Equal) != 2 || *p.OutLabel == 3 {
		t.Errorf("the path from pe1 to pe2: %+v", p)
	}
	for _, v := range versions {
		core6Stacks(t, l, v.to, v.prefix, "2001:db8:ffff::2")
		if code, trace := traced(t, l, "b1", v.to); code != 0 || len(trace.Hops) != 6 {
			t.Errorf("trace to %s ends with %d: %s, %v", v.to, code, nodesOf(trace), trace.Disagreements)
		}
	}
	if r := pseudowan("lsp", "ping", "pe1", "10.2.0.2", "--vrf", "blue", "--lab", l.name); r.code == 0 || !strings.Contains(r.stderr, "needs an IPv4 loopback of pe1") {
		t.Errorf("lsp ping along an IPv4 route: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	core6Tells(t, l)
	four.mustBeEmpty(t)
	core6Moves(t, l)
}

// core6Stacks sends a packet from b1, and compares the stack on each wire with the tables. It
// takes one of two equal paths.
func core6Stacks(t *testing.T, l lab, to, prefix, loopback string) {
	t.Helper()
	inner := strconv.Itoa(int(outLabel(t, l, "pe1", "blue", prefix)))
	wires, wants := map[string]*capture{}, map[string][]string{}
	for _, link := range []string{"pe1:eth1", "pe1:eth2", "p1:eth2", "p2:eth2", "p3:eth3"} {
		router, out, _ := strings.Cut(link, ":")
		p := pathToFEC(t, l, router, loopback)
		for _, w := range p.Equal {
			if w.Interface == out {
				p.OutLabel = &w.OutLabel
			}
		}
		wires[link] = startCapture(t, l, router, out, 1, "mpls and greater 600 and ether src "+macOfPort(t, l, router, out))
		wants[link] = stackOf(p, inner)
	}
	l.mustExec(t, "b1", "ping", "-c", "1", "-s", "600", to)
	eventually(t, 5*time.Second, func() error { // until tcpdump has written what it has seen
		seen := map[string][]string{}
		for link, wire := range wires {
			for _, f := range wire.soFar(t) {
				seen[link] = mplsLabels(f)
			}
		}
		for _, way := range [][]string{{"pe1:eth1", "p1:eth2", "p3:eth3"}, {"pe1:eth2", "p2:eth2", "p3:eth3"}} {
			as := func(link string) bool { return slices.Equal(seen[link], wants[link]) }
			if len(seen) == len(way) && !slices.ContainsFunc(way, func(link string) bool { return !as(link) }) {
				return nil
			}
		}
		return fmt.Errorf("stacks to %s: %v; show lsp and show mpls: %v", to, seen, wants)
	})
}

// mplsLabels returns the label stack of a frame.
func mplsLabels(frame []byte) (labels []string) {
	for _, l := range gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layers() {
		if m, ok := l.(*layers.MPLS); ok {
			labels = append(labels, strconv.Itoa(int(m.Label)))
		}
	}
	return labels
}

// core6Tells looks at what P routers tell customers. One without an IPv4 address has the dummy
// address (RFC 7600) in errors about IPv4 packets. The last link takes 1400 octets with one
// label: that of the path is popped before it.
func core6Tells(t *testing.T, l lab) {
	t.Helper()
	for i, from := range []string{`192\.0\.0\.8`, `2001:db8:0:[1-4]::2`} {
		to := versions[i].to
		out := l.mustExec(t, "b1", "traceroute", "-n", "-e", "-q", "1", "-N", "1", to)
		for _, hop := range []string{` 2  ` + from + ` <MPLS:L=[0-9]+,E=0,S=0,T=1/L=[0-9]+,E=0,S=1,T=1>`, ` 3  ` + from + ` <MPLS:`, ` 5  ` + to} {
			if !regexp.MustCompile(hop).MatchString(out) {
				t.Errorf("traceroute to %s lacks %s:\n%s", to, hop, out)
			}
		}
		answer := startCapture(t, l, "b1", "eth0", 1, "icmp[0] == 3 or icmp6[0] == 2")
		l.exec("b1", "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1400", to)
		got := strings.Join(answer.decode(t, "ip.src", "icmp.mtu", "ipv6.src", "icmpv6.mtu")[0], " ")
		if !regexp.MustCompile(from).MatchString(got) || !strings.Contains(got, "1396") {
			t.Errorf("the answer to a packet that is too long for %s: %s; want %s and 1396", to, got, from)
		}
	}
}

// core6Moves cuts one of the equal paths, and then edits the core: explicit null, and IPv4
// beside IPv6. Each version of VPN routes then has paths of its own.
func core6Moves(t *testing.T, l lab) {
	t.Helper()
	outage := outageOf(t, l, "b1", []string{"10.2.0.2", "2001:db8:b2::2"}, func() { must(t, "link", "p1:eth2", "down", "--lab", l.name) })
	t.Logf("a link of the core is cut: %s without an answer", outage)
	eventually(t, 10*time.Second, func() error {
		if p := pathTo(t, l, "pe1", "pe2"); len(p.Equal) > 0 || p.Interface != "eth2" {
			return fmt.Errorf("pe1 sends to pe2 by %+v", p)
		}
		return nil
	})
	must(t, "link", "p1:eth2", "up", "--lab", l.name)
	data, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "  families: ipv6", "  {families: ipv6, null: explicit}", 1)
	l.edit(t, text)
	for _, v := range versions {
		core6Stacks(t, l, v.to, v.prefix, "2001:db8:ffff::2")
	}
	if p := pathTo(t, l, "p3", "pe2"); *p.OutLabel != 2 {
		t.Errorf("explicit null is %d", *p.OutLabel)
	}
	text = strings.Replace(text, "{families: ipv6, null: explicit}", "families: [ipv4, ipv6]", 1)
	for n := range 5 {
		text = strings.Replace(text, fmt.Sprintf(`subnets: ["2001:db8:0:%d::/64"]`, n+1), fmt.Sprintf(`subnets: [192.168.%d.0/30, "2001:db8:0:%[1]d::/64"]`, n+1), 1)
	}
	l.edit(t, text)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("with both versions, verify: %s%s", r.stdout, r.stderr)
	}
	core6Stacks(t, l, versions[0].to, versions[0].prefix, "10.255.0.2")
	core6Stacks(t, l, versions[1].to, versions[1].prefix, "2001:db8:ffff::2")
	for _, to := range [][]string{{"10.2.0.2", "--vrf", "blue"}, {"2001:db8:b2::2", "--vrf", "blue"}, {"pe2"}, {"2001:db8:ffff::2"}} {
		if code, got := lspTest(t, l, append([]string{"ping", "pe1", "--count", "1"}, to...)...); code != 0 || !got.Arrived {
			t.Errorf("with both versions, lsp ping %v: exit code %d, %+v", to, code, got)
		}
	}
	l.equalsFresh(t, "edits of the core")
}
