package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uplinks has a segment with an uplink, a router and a published port.
const uplinks = `
name: NAME
runtime: netns
node-prefix: NAME-
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
segments:
  docker0: {uplink: masquerade, to: pe1, vrf: red, subnets: [172.NET.0.0/16, "2001:db8:NET::/64"], gateway: [172.NET.0.254, "2001:db8:NET::fe"]}
hosts:
  web:
    to: docker0
    addresses: [172.NET.0.2/16, "2001:db8:NET::2/64"]
    routes: [0.0.0.0/0, "::/0", {prefix: 10.9.0.0/24, via: pe1}]
    publish: ["PORT:80"]
    command: [python3, -m, http.server, --bind, "::", "80"]
  h2: {to: docker0, addresses: [172.NET.0.3/16, "2001:db8:NET::3/64"]}
  far: {to: pe1, vrf: red, addresses: [10.9.0.2/24]}
expect: [far -> web tcp 80 as 10.9.0.2, h2 -> web, h2 -> 203.0.113.9, "h2 -> 2001:db8:9::9"]
`

func uplinksFile(t *testing.T, dir, name, net, port string) string {
	t.Helper()
	file := filepath.Join(dir, name+".yaml")
	text := strings.NewReplacer("NAME", name, "NET", net, "PORT", port).Replace(uplinks)
	if err := os.WriteFile(file, []byte(withDatapath(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// fetch asks a published port for a page, from outside.
func fetch(at string) string {
	return "ip netns exec out curl -gsf -m 3 -o /dev/null http://" + at + "/"
}

// The server is a router between a segment and its own networks: hosts reach what is
// outside with the addresses of the server, and what is published is reached with the
// client's, in both families. Labs are kept apart, edits restart nothing, what others
// remove comes back, and down leaves the server as it was.
func TestRealUplink(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a, b := uplinksFile(t, dir, "pwt-up-a", "20", "8080"), uplinksFile(t, dir, "pwt-up-b", "21", "8081")
	before := s.state(t)
	s.must(t, "$PW up "+a+" && $PW up "+b)
	s.must(t, "$PW verify pwt-up-a && $PW verify pwt-up-b")
	for _, at := range []string{"192.0.2.2:8080", "[2001:db8:ffff::2]:8080", "192.0.2.2:8081"} {
		s.soon(t, fetch(at))
	}
	if log := s.must(t, "$PW logs web --lab pwt-up-a"); !strings.Contains(log, "192.0.2.1") || !strings.Contains(log, "2001:db8:ffff::1") {
		t.Errorf("the server in the lab does not see who asks:\n%s", log)
	}
	s.must(t, "curl -gsf -m 3 -o /dev/null http://192.0.2.2:8080/") // the server itself
	if out := s.must(t, "$PW ps; $PW graph pwt-up-a"); !strings.Contains(out, "0.0.0.0:8080->80/tcp") || !strings.Contains(out, "masquerade") {
		t.Errorf("ps and graph do not show it:\n%s", out)
	}
	s.must(t, "ip -n out route add 172.20.0.0/16 via 192.0.2.2; ip -n out route add 198.51.100.0/24 via 192.0.2.2")
	for _, refused := range []string{
		"ip netns exec out ping -c1 -W1 172.20.0.3",                                                                      // what nobody has asked for
		"$PW exec --lab pwt-up-a h2 -- ping -c1 -W1 172.21.0.3",                                                          // another lab
		"$PW exec --lab pwt-up-a h2 -- sh -c 'ip addr add 10.66.0.1/32 dev eth0; ping -I 10.66.0.1 -c1 -W1 203.0.113.9'", // not its address
	} {
		if r := s.run(refused); r.code == 0 {
			t.Errorf("%s is answered:\n%s", refused, r.stdout)
		}
	}
	s.must(t, "$PW exec --lab pwt-up-a h2 -- ip addr del 10.66.0.1/32 dev eth0")
	if out := s.must(t, "$PW up "+a); !strings.Contains(out, "nothing to change") {
		t.Errorf("up again: %s", out)
	}
	pid := s.must(t, "pgrep -of 'http.server --bind'")
	s.must(t, "sed -i s/8080:80/8090:80/ "+a+" && $PW up "+a)
	s.must(t, fetch("192.0.2.2:8090"))
	if s.run(fetch("192.0.2.2:8080")).code == 0 || s.must(t, "pgrep -of 'http.server --bind'") != pid {
		t.Error("the former port still leads to the host, or the host has been restarted")
	}
	s.must(t, "ip link del $(ip -br link | grep -o 'pwu-[0-9a-f]*' | head -1); nft delete table inet pw-pwt-up-a; nft delete table inet pw-pwt-up-b; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding")
	s.must(t, "$PW up "+a+"; $PW up "+b+"; $PW verify pwt-up-a && $PW verify pwt-up-b")
	s.must(t, "$PW down pwt-up-a && $PW verify pwt-up-b && "+fetch("192.0.2.2:8081")+" && $PW down pwt-up-b")
	s.must(t, "ip -n out route del 172.20.0.0/16; ip -n out route del 198.51.100.0/24")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}

// What is in the way is refused before anything is touched: networks and ports of the
// server and of other labs. A firewall that drops everything is pointed out.
func TestRealUplinkRefused(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a, b, c := uplinksFile(t, dir, "pwt-up-a", "20", "8080"), uplinksFile(t, dir, "pwt-up-b", "21", "8080"), uplinksFile(t, dir, "pwt-up-c", "20", "8081")
	refused := func(file, why string) {
		t.Helper()
		before := s.state(t)
		if r := s.run("$PW up " + file); r.code != 1 || !strings.Contains(r.stderr, why) {
			t.Errorf("up: exit code %d, want %q in\n%s", r.code, why, r.stderr)
		}
		if diff := cmp.Diff(before, s.state(t)); diff != "" {
			t.Errorf("something was touched:\n%s", diff)
		}
	}
	s.must(t, "ip link add docker0 type bridge; ip addr add 172.20.0.1/24 dev docker0; ip link set docker0 up")
	refused(a, "overlaps with 172.20.0.0/24 of the server's interface docker0")
	s.must(t, "ip link del docker0; (python3 -m http.server 8080 >/dev/null 2>&1 & echo $! >/run/http.pid)")
	s.soon(t, "curl -sf -o /dev/null http://127.0.0.1:8080/")
	refused(a, "port 8080/tcp is that of python3")
	s.must(t, "kill $(cat /run/http.pid)")
	s.soon(t, "! curl -sf -o /dev/null http://127.0.0.1:8080/")
	s.must(t, "nft add table inet pw-pwt-up-a")
	if r := s.run("$PW up " + a); r.code == 0 || !strings.Contains(r.stderr, "nft delete table inet pw-pwt-up-a") {
		t.Errorf("a foreign table is taken: exit code %d\n%s", r.code, r.stderr)
	}
	s.must(t, "nft list table inet pw-pwt-up-a && nft delete table inet pw-pwt-up-a")
	s.must(t, "$PW up "+a)
	refused(b, "port 8080/tcp is that of host web of lab pwt-up-a")
	refused(c, "overlaps with 172.20.0.0/16 of lab pwt-up-a")
	s.must(t, `nft add table ip filter; nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'; nft add chain ip filter DOCKER-USER; nft add rule ip filter FORWARD jump DOCKER-USER`)
	out := s.must(t, "$PW doctor "+a)
	if !strings.Contains(out, "nft insert rule ip filter DOCKER-USER iifname") || s.run(fetch("192.0.2.2:8080")).code == 0 {
		t.Errorf("doctor is silent about a firewall that drops everything:\n%s", out)
	}
	s.must(t, `nft insert rule ip filter DOCKER-USER iifname '"pwu-*"' accept; nft insert rule ip filter DOCKER-USER oifname '"pwu-*"' accept`)
	s.must(t, fetch("192.0.2.2:8080"))
	if out := s.must(t, "$PW doctor "+a); strings.Contains(out, "DOCKER-USER") {
		t.Errorf("doctor does not see the rules:\n%s", out)
	}
}

// Of two labs that want the same subnet and port at once, one comes up.
func TestRealUplinksAtOnce(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a, b := uplinksFile(t, dir, "pwt-up-a", "20", "8080"), uplinksFile(t, dir, "pwt-up-b", "20", "8080")
	before := s.state(t)
	for range 3 {
		s.must(t, "($PW up "+a+"; echo $? >/run/a) & ($PW up "+b+"; echo $? >/run/b) & wait")
		if codes := strings.Fields(s.must(t, "cat /run/a /run/b | sort")); len(codes) != 2 || codes[0] != "0" || codes[1] != "1" {
			t.Fatalf("exit codes %v", codes)
		}
		s.must(t, fetch("192.0.2.2:8080")+"; $PW down pwt-up-a; $PW down pwt-up-b; true")
	}
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}

// A published address that is not the server's is left alone.
func TestRealUplinkForeignAddress(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a := uplinksFile(t, dir, "pwt-up-a", "20", "203.0.113.9:8081")
	s.must(t, "ip -n out addr add 203.0.113.9/32 dev lo; ip route add 203.0.113.9/32 via 192.0.2.1; "+
		"(ip netns exec out python3 -m http.server --bind 203.0.113.9 8081 >/dev/null 2>&1 & echo $! >/run/http.pid)")
	s.soon(t, "curl -sf -m 3 -o /dev/null http://203.0.113.9:8081/")
	ours := s.must(t, "curl -sf -m 3 http://203.0.113.9:8081/")
	s.must(t, "$PW up "+a)
	if now := s.must(t, "curl -sf -m 3 http://203.0.113.9:8081/"); now != ours {
		t.Errorf("a connection to somebody else is taken:\n%s", now)
	}
	if out := s.must(t, "$PW doctor "+a+"; true"); !strings.Contains(out, "no interface of the server has the address 203.0.113.9") {
		t.Errorf("doctor says nothing of it:\n%s", out)
	}
	if r := s.run("PATH=/nowhere $PW down pwt-up-a"); r.code == 0 {
		t.Errorf("down without nft succeeds:\n%s%s", r.stdout, r.stderr)
	}
	s.must(t, "$PW down pwt-up-a; kill $(cat /run/http.pid); ! nft list table inet pw-pwt-up-a")
}

// The server keeps its default route from router advertisements, and takes further
// ones. Whatever kills up, the next up and down work, and the server is as it was.
func TestRealUplinkKilled(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a := uplinksFile(t, dir, "pwt-up-a", "20", "8080")
	s.must(t, "ip -6 route del default; echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra; ip netns exec out sysctl -qw net.ipv6.conf.all.forwarding=1")
	s.must(t, `printf 'interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix 2001:db8:ffff::/64 { AdvAutonomous off; }; };' >/run/radvd.conf
ip netns exec out radvd -C /run/radvd.conf -p /run/radvd.pid -m none`)
	s.soon(t, "ip -6 route show default proto ra | grep -q fe80")
	before := s.state(t)
	for _, after := range []string{"0.08", "0.16", "0.24", "0.32", "0.4", "0.6"} {
		s.run("timeout -s KILL " + after + " $PW up " + a)
		if after != "0.24" {
			s.must(t, "$PW down pwt-up-a || ! ls /run/pseudowan/pwt-up-a")
		}
	}
	s.must(t, "$PW up "+a+" && $PW verify pwt-up-a && ip -6 route show default proto ra | grep fe80")
	s.must(t, "ip -6 route flush proto ra")
	s.soon(t, "ip -6 route show default proto ra | grep -q fe80") // further advertisements
	s.must(t, "for p in $(pgrep -f 'pseudowan (keeper|agent)'); do kill -9 $p; done; nft flush ruleset; $PW down pwt-up-a")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}
