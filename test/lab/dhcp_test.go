package lab

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// needPrograms skips a test on servers without a program.
func needPrograms(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if r := command("which", p); r.code != 0 {
			t.Skip("no " + p)
		}
	}
}

// says waits until a command in a host succeeds and prints every text.
func (l lab) says(t *testing.T, node string, argv []string, texts ...string) string {
	t.Helper()
	var out string
	eventually(t, 30*time.Second, func() error {
		r := l.exec(node, argv...)
		out = r.stdout
		for _, text := range texts {
			if !strings.Contains(out, text) {
				return fmt.Errorf("%s: %q does not say %q:\n%s%s", node, argv, text, out, r.stderr)
			}
		}
		return nil
	})
	return out
}

var showAddresses = []string{"ip", "address", "show", "scope", "global"}

// Kea as in the document: the reservation goes to the client that shows the DUID of the
// document's log, the first addresses of the pool to the others, and a DUID without a
// MAC address is taken for nobody's. An edit of the DUID gives the client another
// address, and without DHCP it has none.
func TestRealKeaReservation(t *testing.T) {
	needPrograms(t, "kea-dhcp6", "dhcpcd", "dnsmasq")
	l := fromCatalog(t, t.TempDir(), "kea-reservation", "pwt-kea")
	l.up(t)
	const reserved = "2001:db8::5054:ff:fed6:c2a9"
	out := l.says(t, "ubuntu1404", showAddresses, " "+reserved+"/128 ", " 192.168.100.100/24 ")
	if strings.Count(out, " inet6 ") != 1 {
		t.Errorf("ubuntu1404 has more than the address that is reserved:\n%s", out)
	}
	pool := []string{"2001:db8::100", "2001:db8::101"}
	for _, host := range []string{"other", "vendor"} {
		out := l.says(t, host, showAddresses, " 2001:db8::10")
		i := slices.IndexFunc(pool, func(a string) bool { return strings.Contains(out, " "+a+"/128 ") })
		if i < 0 {
			t.Fatalf("%s has no other address of %v:\n%s", host, pool, out)
		}
		pool = slices.Delete(pool, i, i+1)
	}
	log := must(t, "logs", "--lab", l.name, "kea", "kea")
	for _, line := range []string{
		"ALLOC_ENGINE_V6_HR_ADDR_GRANTED reserved address " + reserved + " was assigned to client duid=[00:01:00:01:1e:47:7e:66:52:54:00:d6:c2:a9], tid=",
		"duid=[00:03:00:01:52:54:00:d6:c2:aa]", "duid=[00:02:00:00:ab:11:52:54:00:d6:c2:ab]",
	} {
		if !strings.Contains(log, line) {
			t.Errorf("Kea's log has no %q", line)
		}
	}
	leases := l.mustExec(t, "kea", "cat", "/tmp/kea-leases6.csv")
	for _, lease := range []string{reserved + ",00:01:00:01:1e:47:7e:66:52:54:00:d6:c2:a9,4000,", ",00:02:00:00:ab:11:52:54:00:d6:c2:ab,4000,"} {
		if !strings.Contains(leases, lease) {
			t.Errorf("no lease %q in\n%s", lease, leases)
		}
	}
	l.mustExec(t, "far", "ping", "-n", "-c", "1", "-W", "5", reserved)
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
	if log := must(t, "logs", "--lab", l.name, "ubuntu1404", "dhcpcd"); !strings.Contains(log, "renew in 1000, rebind in 2000, expire in 4000 seconds") {
		t.Errorf("the timers that ubuntu1404 was given:\n%s", log)
	}
	must(t, "link", "ubuntu1404:eth0", "down", "--lab", l.name)
	eventually(t, 20*time.Second, func() error {
		if out := l.mustExec(t, "ubuntu1404", showAddresses...); strings.Contains(out, reserved) {
			return fmt.Errorf("with its link down, ubuntu1404 has\n%s", out)
		}
		return nil
	})
	must(t, "link", "ubuntu1404:eth0", "up", "--lab", l.name)
	l.says(t, "ubuntu1404", showAddresses, " "+reserved+"/128 ", " 192.168.100.100/24 ")
	l.says(t, "far", []string{"ping", "-n", "-c", "1", "-W", "5", reserved}, " 0% packet loss")
	if ps := must(t, "ps", "-o", "json", "--lab", l.name); !strings.Contains(ps, `"`+reserved+`/128"`) || !strings.Contains(ps, `"192.168.100.100/24"`) {
		t.Errorf("ps does not show the leases:\n%s", ps)
	}

	edited := fromCatalog(t, t.TempDir(), "kea-reservation", l.name, func(text string) string {
		text = strings.Replace(text, `duid: "00:01:00:01:1e:47:7e:66:52:54:00:d6:c2:a9", addresses: [dhcp, dhcp6]`, `duid: "00:02:00:00:ab:11:01", addresses: [dhcp6]`, 1)
		text = strings.Replace(text, `mac: "52:54:00:d6:c2:aa", addresses: [dhcp6]`, `mac: "52:54:00:d6:c2:aa", addresses: ["2001:db8::77/64"]`, 1)
		text = strings.Replace(text, "\nsegments:\n", "\nsegments:\n  bench: {}\n", 1)
		text = strings.Replace(text, "\n  far: ", "\n  pd: {forward: true, attach: [{to: lan, addresses: [dhcp6], delegated: {to: eth1}}, {to: bench, addresses: []}]}\n  far: ", 1)
		return regexp.MustCompile(`(?m)^- ubuntu1404 has .*\n|^- far -> 2001.*\n`).ReplaceAllString(text, "")
	})
	edited.up(t)
	if out := l.says(t, "ubuntu1404", showAddresses, " 2001:db8::1"); strings.Contains(out, reserved) || strings.Contains(out, "192.168") {
		t.Errorf("ubuntu1404 keeps its addresses:\n%s", out)
	}
	l.says(t, "pd", append(showAddresses, "dev", "eth1"), " 2001:db8:fff:") // a /60 of the pd-pool
	l.says(t, "kea", []string{"cut", "-d,", "-f1,9", "/tmp/kea-leases6.csv"}, "2001:db8:fff::,60\n")
	eventually(t, 15*time.Second, func() error {
		if out := l.mustExec(t, "other", showAddresses...); strings.Contains(out, "::10") || !strings.Contains(out, " 2001:db8::77/64 ") {
			return fmt.Errorf("other has\n%s", out)
		}
		return nil
	})
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
}

// Prefix delegation as in the document: /60s of the second /56, a route to each by the
// link-local address of who has it, and a hook with a /80 for Docker. A client that is
// killed is there again.
func TestRealPrefixDelegation(t *testing.T) {
	needPrograms(t, "kea-dhcp6", "radvd", "dhcpcd")
	l := fromCatalog(t, t.TempDir(), "prefix-delegation", "pwt-pd")
	l.up(t)
	routes := l.says(t, "cisco", []string{"ip", "-6", "route", "show", "dev", "vlan1"},
		"2001:db8:0:100::/60 via fe80::", "2001:db8:0:110::/60 via fe80::", "2001:db8:0:120::/60 via fe80::")
	prefix := strings.TrimSpace(l.says(t, "desktop", []string{"cat", "/run/docker/ipv6.prefix"}, "::/80"))
	base := strings.TrimSuffix(prefix, "::/80")
	if !regexp.MustCompile(`^2001:db8:0:1[012]0$`).MatchString(base) {
		t.Fatalf("the hook wrote %q", prefix)
	}
	link := strings.Fields(l.mustExec(t, "desktop", "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link"))[3]
	if via := base + "::/60 via " + strings.TrimSuffix(link, "/64"); !strings.Contains(routes, via) {
		t.Errorf("no route %s:\n%s", via, routes)
	}
	l.says(t, "desktop", []string{"ip", "-6", "address", "show", "dev", "docker0"}, " "+base+"::1/64 ")
	container := base + ":42:acff:fe11:2"
	l.says(t, "container", showAddresses, " "+container+"/64 ")
	l.says(t, "desktop", []string{"cat", "/etc/resolv.conf"}, "search pcextreme.nl\n", "nameserver 2001:888:0:6::66\n", "nameserver 2001:888:0:9::99\n")
	for _, to := range []string{"2001:db8:0:100::1", "2001:db8:0:110::1", "2001:db8:0:120::1", container} {
		l.says(t, "far", []string{"ping", "-n", "-c", "1", "-W", "5", to}, " 0% packet loss")
	}
	if log := must(t, "logs", "--lab", l.name, "desktop", "dhcpcd"); !strings.Contains(log, "renew in 900, rebind in 1440, expire in 3600 seconds") {
		t.Errorf("the timers that the desktop was given:\n%s", log)
	}
	l.mustExec(t, "desktop", "dhcpcd", "-N", "eth0") // renew now, not at T1
	eventually(t, 20*time.Second, func() error {
		if log := must(t, "logs", "--lab", l.name, "cisco", "kea"); !strings.Contains(log, "DHCP6_PD_LEASE_RENEW ") {
			return errors.New("Kea has seen no renewal:\n" + log)
		}
		return nil
	})
	l.advertised(t, "desktop", 0x40, 90*time.Second) // other configuration; three intervals of 30 s
	l.anyIPOfDelegated(t)
	if got := hops(t, l, "far", container); len(got) != 5 || got[3] == "*" || got[4] != container {
		t.Errorf("the way from far to the container: %v", got)
	}
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
	l.exec("desktop", "sh", "-c", "kill -9 $(cat /run/dhcpcd/pid)")
	l.says(t, "desktop", []string{"sh", "-c", "kill -0 $(cat /run/dhcpcd/pid) && echo runs && ip -6 address show dev docker0"}, "runs", " "+base+"::1/64 ")
	l.says(t, "far", []string{"ping", "-n", "-c", "1", "-W", "5", container}, " 0% packet loss")
}

// anyIPOfDelegated binds a delegated prefix to a host, as the document does, and tests
// that random addresses of it answer another site.
func (l lab) anyIPOfDelegated(t *testing.T) {
	t.Helper()
	out := l.mustExec(t, "lab2", "ip", "-6", "-o", "address", "show", "dev", "eth1", "scope", "global")
	prefix := regexp.MustCompile(`2001:db8:0:1[012]0`).FindString(out)
	if prefix == "" {
		t.Fatalf("lab2 has no delegated address:\n%s", out)
	}
	l.mustExec(t, "lab2", "ip", "-6", "route", "add", "local", prefix+"::/64", "dev", "lo")
	for range 3 {
		l.mustExec(t, "far", "ping", "-n", "-c", "1", "-W", "5", randomOf(prefix))
	}
	l.mustExec(t, "lab2", "ip", "-6", "route", "del", "local", prefix+"::/64", "dev", "lo")
}

// A network without IPv4: names come by advertisements and by stateless DHCPv6, and lead
// to what has IPv6. resolv.conf follows what is advertised.
func TestRealIPv6Only(t *testing.T) {
	needPrograms(t, "kea-dhcp6", "radvd", "dhcpcd", "unbound", "python3")
	l := fromCatalog(t, t.TempDir(), "ipv6-only", "pwt-v6only")
	l.up(t)
	l.says(t, "iphone", []string{"cat", "/etc/resolv.conf"}, "search example\nnameserver 2001:db8:53::2\n")
	l.says(t, "ipad", []string{"cat", "/etc/resolv.conf"}, "search example home.example\n", "nameserver 2001:db8:53::2\n")
	for _, host := range []string{"iphone", "ipad"} {
		l.says(t, host, []string{"ip", "-6", "route", "show", "default"}, "default via fe80::")
		l.says(t, host, []string{"getent", "ahosts", "www.example"}, "2001:db8:80::2 ")
		l.mustExec(t, host, "ping", "-n", "-c", "1", "-W", "5", "www.example")
		if out := l.mustExec(t, host, "ip", "-4", "-o", "address"); strings.Contains(strings.ReplaceAll(out, "inet 127.0.0.1/8", ""), "inet ") {
			t.Errorf("%s has IPv4:\n%s", host, out)
		}
	}
	if r := l.exec("iphone", "ping", "-n", "-c", "1", "-W", "1", "bank.example"); r.code == 0 {
		t.Error("bank.example, which has no IPv6, answers")
	}
	for _, router := range []string{"pe1", "pe2"} {
		if out := l.mustExec(t, router, "ip", "-4", "-o", "address"); strings.Contains(strings.ReplaceAll(out, "inet 127.0.0.1/8", ""), "inet ") {
			t.Errorf("%s has IPv4:\n%s", router, out)
		}
	}
	edited := fromCatalog(t, t.TempDir(), "ipv6-only", l.name, func(text string) string {
		return strings.Replace(text, "RDNSS 2001:db8:53::2 { };", "RDNSS 2001:db8:53::2 { AdvRDNSSLifetime 0; }; RDNSS 2001:db8:53::3 { };", 1)
	})
	edited.up(t)
	eventually(t, 30*time.Second, func() error {
		if out := l.mustExec(t, "iphone", "cat", "/etc/resolv.conf"); strings.Contains(out, "53::2") || !strings.Contains(out, "nameserver 2001:db8:53::3\n") {
			return fmt.Errorf("iphone has %q", out)
		}
		return nil
	})
}

// Machines have an address in each of two prefixes, as Tempest's multi-prefix tests
// want; stateless DHCPv6 gives a name beside that. A prefix that an edit removes goes,
// and a new one comes.
func TestRealMultiPrefix(t *testing.T) {
	needPrograms(t, "kea-dhcp6", "dhcpcd")
	l := fromCatalog(t, t.TempDir(), "multi-prefix", "pwt-prefixes")
	l.up(t)
	for host, id := range map[string]string{"slaac1": "f816:3eff:fe00:1", "dual": "f816:3eff:fe00:2"} {
		out := l.says(t, host, showAddresses, " 2003::"+id+"/64 ", " 2003::1:"+id+"/64 ")
		if strings.Count(out, " inet6 ") != 2 {
			t.Errorf("%s has more than two IPv6 addresses:\n%s", host, out)
		}
	}
	l.says(t, "stateless1", showAddresses, " 2003::2:f816:3eff:fe00:3/64 ", " 2003::3:f816:3eff:fe00:3/64 ")
	l.says(t, "stateless1", []string{"cat", "/etc/resolv.conf"}, "search openstacklocal\nnameserver 2003:0:0:2::53\n")
	for _, to := range []string{"2003::1", "2003:0:0:1::1", "2003::1:f816:3eff:fe00:2", "2003::3:f816:3eff:fe00:3"} {
		l.mustExec(t, "slaac1", "ping", "-n", "-c", "1", "-W", "5", to)
	}
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 || !strings.Contains(r.stdout, "as intended") {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
	l.mustExec(t, "slaac1", "ip", "link", "set", "eth0", "down") // without carrier alone, the kernel keeps them
	if out := l.mustExec(t, "slaac1", showAddresses...); strings.Contains(out, " inet6 ") {
		t.Errorf("with its link down, slaac1 has\n%s", out)
	}
	l.mustExec(t, "slaac1", "ip", "link", "set", "eth0", "up")
	l.says(t, "slaac1", showAddresses, " 2003::f816:3eff:fe00:1/64 ", " 2003::1:f816:3eff:fe00:1/64 ")
	edited := fromCatalog(t, t.TempDir(), "multi-prefix", l.name, func(text string) string {
		text = strings.Replace(text, `prefixes: ["2003::/64", "2003:0:0:1::/64"]`, `prefixes: [{prefix: "2003::/64", preferred: 0}, {prefix: "2003:0:0:7::/64", valid: 1h}]`, 1)
		return regexp.MustCompile(`(?m)^- (slaac1 has 2003::1:|dual has |slaac1 -> 2003:0:0:1).*\n`).ReplaceAllString(text, "")
	})
	edited.up(t)
	out := l.says(t, "slaac1", showAddresses, " 2003::7:f816:3eff:fe00:1/64 ", " 2003::f816:3eff:fe00:1/64 scope global deprecated ")
	if strings.Contains(out, "2003::1:") || !regexp.MustCompile(`valid_lft 3[0-9]{3}sec preferred_lft 3[0-9]{3}sec`).MatchString(out) {
		t.Errorf("slaac1 has\n%s", out)
	}
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
}

// The ISP changes the prefix: prefix delegation renumbers the home's routers one after
// the other, RIPng tells them of each other's new LANs, and hosts prefer their new
// addresses. Nobody touches a router.
func TestRealRenumbering(t *testing.T) {
	needPrograms(t, "kea-dhcp6", "radvd", "dhcpcd", "bird")
	l := fromCatalog(t, t.TempDir(), "renumbering", "pwt-renumber")
	l.up(t)
	home := func(prefix string) {
		t.Helper()
		l.says(t, "laptop", showAddresses, " "+prefix+":8:0:ff:fe00:b02/64 scope global dynamic ")
		l.says(t, "nas", showAddresses, " "+prefix+":c:0:ff:fe00:c02/64 scope global dynamic ")
		routes := l.says(t, "router2", []string{"birdc", "show", "route"},
			prefix+":c::/64", prefix+":c::/62", prefix+"::/60", prefix+"::/64", "fd11::/64", "* (120/2)", prefix+":8::/62 unreachable [kernel1 ",
			"via fe80::224:a5ff:fed7:3089 on eth1", "via fe80::221:29ff:fec3:6cb0 on eth1")
		if !regexp.MustCompile(prefix + `:c::/64 unicast \[rip1 [0-9:.]+\] \* \(120/2\)\n\s+via fe80::224:a5ff:fed7:3089 on eth1\n`).MatchString(routes) {
			t.Errorf("router2 has another way to router3's LAN:\n%s", routes)
		}
		for _, to := range []string{"2001:db8:e::2", prefix + ":c:0:ff:fe00:c02", "fd11::2"} {
			l.says(t, "laptop", []string{"ping", "-n", "-c", "1", "-W", "2", to}, " 0% packet loss")
		}
	}
	home("2001:db8:ebbd")
	l.says(t, "router2", []string{"birdc", "show", "rip", "neighbors"}, "fe80::224:a5ff:fed7:3089", "fe80::221:29ff:fec3:6cb0")
	l.mustExec(t, "isp", "renumber", "2001:db8:beef::")
	begin := time.Now()
	l.says(t, "laptop", showAddresses, " 2001:db8:beef:8:0:ff:fe00:b02/64 ", " 2001:db8:ebbd:8:0:ff:fe00:b02/64 scope global deprecated ")
	t.Logf("renumbered after %s", time.Since(begin).Round(100*time.Millisecond))
	home("2001:db8:beef")
	eventually(t, 20*time.Second, func() error {
		if out := l.mustExec(t, "isp", "ip", "-6", "route"); strings.Contains(out, "ebbd") {
			return fmt.Errorf("isp has a route to the former prefix:\n%s", out)
		}
		return nil
	})
	if r := pseudowan("verify", "--lab", l.name); r.code != 0 {
		t.Errorf("verify: %s%s", r.stdout, r.stderr)
	}
}
