package lab

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Services over IPv6: the web server's log has the visitor, an access point is managed
// by its link-local address, routers forward to a DNS server, RIPng and Babel pass their
// filters and nothing works without these rules, and an API is nowhere on IPv4.
func TestRealIPv6Services(t *testing.T) {
	for _, tool := range []string{"bird", "dnsmasq", "nft", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
	l := fromCatalog(t, t.TempDir(), "ipv6-services", "pwt-services")
	l.up(t)
	fetch := func(from, url, want string) {
		t.Helper()
		eventually(t, 20*time.Second, func() error {
			if r := l.exec(from, "timeout", "10", "busybox", "wget", "-q", "-O", "-", url); r.code != 0 || r.stdout != want {
				return fmt.Errorf("%s from %s: exit code %d: %s%s", url, from, r.code, r.stdout, r.stderr)
			}
			return nil
		})
	}
	fetch("laptop", "http://[2001:db8:ebbd::8080]:8080/", "hello over IPv6\n")
	log := must(t, "logs", "--lab", l.name, "web")
	if !strings.Contains(log, "Listening on port:8080") || !regexp.MustCompile(`(?m)^2001:db8:ebbd:0:4d18:71cd:b814:9508 - - \[.*\] "GET / HTTP/1.1" 200 -$`).MatchString(log) {
		t.Errorf("the web server's log:\n%s", log)
	}
	fetch("laptop", "http://[fe80::6a1:51ff:fea0:9338%wlan0]/", "the access point's own page\n")
	if r := l.exec("pc2", "timeout", "2", "busybox", "wget", "-q", "-O", "-", "http://[fe80::6a1:51ff:fea0:9338%eth0]/"); r.code == 0 {
		t.Errorf("the access point answers beyond its link:\n%s", r.stdout)
	}
	fetch("admin", "http://[2001:db8::15]:5000/v2.0", "{\"version\": {\"id\": \"v2.0\"}}\n")
	if listeners := l.mustExec(t, "keystone", "ss", "-tlnH"); strings.TrimSpace(listeners) == "" || strings.Contains(listeners, "0.0.0.0:") || strings.Contains(listeners, "*:5000") {
		t.Errorf("keystone listens on\n%s", listeners)
	}
	for pc, router := range map[string]string{"pc2": "2001:db8:ebbd:2080::1", "pc3": "2001:db8:ebbd:2000::1"} {
		eventually(t, 20*time.Second, func() error {
			if out := l.exec(pc, "timeout", "5", "busybox", "nslookup", "-type=aaaa", "web.home", router).stdout; !strings.Contains(out, "2001:db8:ebbd::8080") {
				return fmt.Errorf("%s asks %s: %s", pc, router, out)
			}
			return nil
		})
	}
	if log := must(t, "logs", "--lab", l.name, "dns"); !strings.Contains(log, "from 2001:db8:ebbd::2") || !strings.Contains(log, "from 2001:db8:ebbd::3") {
		t.Errorf("the DNS server was asked by\n%s", log)
	}
	l.filteredProtocols(t)
}

// filteredProtocols sees both protocols' routes come, and go with their rule.
func (l lab) filteredProtocols(t *testing.T) {
	t.Helper()
	learned := func(protocol string, want bool) {
		t.Helper()
		eventually(t, 90*time.Second, func() error {
			out := l.mustExec(t, "router2", "birdc", "-s", "/run/bird.ctl", "show", "route", "protocol", protocol)
			if strings.Contains(out, "2001:db8:ebbd:2000::/64") != want {
				return fmt.Errorf("%s of router2, want its neighbour's prefix %t:\n%s", protocol, want, out)
			}
			return nil
		})
	}
	learned("rip1", true)
	learned("babel1", true)
	must(t, "verify", l.name)
	for protocol, port := range map[string]string{"rip1": "521", "babel1": "6696"} {
		l.mustExec(t, "router2", "nft", "insert", "rule", "ip6", "filter", "input", "udp", "dport", port, "drop")
		l.mustExec(t, "router2", "birdc", "-s", "/run/bird.ctl", "restart", protocol)
	}
	learned("rip1", false)
	learned("babel1", false)
	l.withoutICMPv6(t)
}

// withoutICMPv6 sees that a router whose filter drops ICMPv6 finds no neighbour.
func (l lab) withoutICMPv6(t *testing.T) {
	t.Helper()
	ask := []string{"timeout", "5", "busybox", "nslookup", "-type=aaaa", "web.home", "2001:db8:ebbd::dbc8"} // not a ping: that is ICMPv6 itself
	l.says(t, "router2", ask, "2001:db8:ebbd::8080")
	l.mustExec(t, "router2", "nft", "insert", "rule", "ip6", "filter", "input", "meta", "l4proto", "ipv6-icmp", "drop")
	l.mustExec(t, "router2", "ip", "-6", "neighbour", "flush", "dev", "eth0")
	if r := l.exec("router2", ask...); r.code == 0 {
		t.Errorf("without ICMPv6, the DNS server answers:\n%s", r.stdout)
	}
}

// Instances on three VLANs make their addresses of what the router advertises there,
// take its two DNS servers, which are beyond the core, and resolve names by them.
func TestRealRouterAdvertisements(t *testing.T) {
	if _, err := exec.LookPath("dnsmasq"); err != nil {
		t.Skip("no dnsmasq")
	}
	l := fromCatalog(t, t.TempDir(), "router-advertisements", "pwt-rtadvd")
	l.up(t)
	for i, vlan := range []string{"704", "705", "706"} {
		host := "i" + vlan
		if out := l.mustExec(t, host, "ip", "-6", "address", "show", "scope", "global"); !strings.Contains(out, fmt.Sprintf(" 2001:db8:%d:0:5054:ff:fe00:%s/64 ", 100+i, vlan)) {
			t.Errorf("%s has\n%s", host, out)
		}
		eventually(t, 20*time.Second, func() error {
			if out := l.mustExec(t, host, "cat", "/etc/resolv.conf"); out != "search cloud\nnameserver 2001:db8:53::1\nnameserver 2001:db8:53::2\n" {
				return fmt.Errorf("resolv.conf of %s:\n%s", host, out)
			}
			if out := l.exec(host, "timeout", "5", "busybox", "nslookup", "-type=aaaa", "ns2.cloud").stdout; !strings.Contains(out, "Address: 2001:db8:53::2") {
				return fmt.Errorf("%s resolves\n%s", host, out)
			}
			return nil
		})
	}
}

// A LAN of two sites is in VXLAN between IPv6 addresses, and on the core under a label.
func TestRealVXLAN(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "vxlan", "pwt-vxlan")
	l.up(t)
	l.mustExec(t, "vtep1", "ping", "-n", "-c", "1", "-W", "5", "fd00:100::2")
	core := startCapture(t, l, "pe1", "eth1", 2, "mpls")
	edge := startCapture(t, l, "vtep2", "eth0", 2, "ip6 and udp port 4789")
	l.mustExec(t, "vtep1", "ping", "-n", "-c", "2", "-i", "0.2", "-M", "do", "-s", "1402", "10.100.0.2")
	for _, f := range core.frames(t) {
		if len(f.labels) != 1 {
			t.Errorf("on the core: %s", f)
		}
	}
	edge.frames(t)
	must(t, "verify", l.name)
}
