package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/labs/catalog"
)

// tryAll runs what a ready lab's file suggests, on the server.
func (s isolated) tryAll(t *testing.T, name string) {
	t.Helper()
	file, _ := catalog.Get(name)
	_, after, _ := strings.Cut(string(file), "\n# Try:")
	for line := range strings.Lines(after) {
		line = strings.TrimPrefix(line, "#")
		if !strings.HasPrefix(line, "  ") {
			break
		}
		line = strings.TrimSpace(strings.Replace(line, "-c 3", "-c 1 -W 5", 1))
		s.must(t, "$PW "+strings.TrimPrefix(line, "pseudowan "))
	}
}

// changed writes a ready lab's file with an edit.
func changed(t *testing.T, dir, name, old, new string) string {
	t.Helper()
	text, _ := catalog.Get(name)
	if !strings.Contains(string(text), old) {
		t.Fatalf("lab %s has no %q", name, old)
	}
	file := filepath.Join(dir, name+".yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The document's bridge: 172.20.0.1/16 and 2002:ac14::1/48 at the server, containers
// with both families, port 8080 that leads to port 80 without a proxy. The web server
// goes on serving while it is connected to a network and disconnected. Overlapping
// subnets are refused.
func TestRealContainersBridge(t *testing.T) {
	const name = "dual-stack-bridge"
	s, dir := newIsolated(t), t.TempDir()
	before := s.state(t)
	s.must(t, "$PW up --runtime netns "+name+" && $PW verify")
	s.tryAll(t, name)
	if out := s.must(t, "ip -br addr show | grep pwu-"); !strings.Contains(out, "172.20.0.1/16 2002:ac14::1/48") {
		t.Errorf("the server has %s", out)
	}
	s.must(t, fetch("192.0.2.2:8080")+" && "+fetch("[2001:db8:ffff::2]:8080")+" && $PW exec alpine1 -- ping -c1 -W5 203.0.113.9 && $PW exec alpine1 -- ping -c1 -W5 2001:db8:9::9")
	if log := s.must(t, "$PW logs my-nginx"); !strings.Contains(log, "192.0.2.1") || !strings.Contains(log, "2001:db8:ffff::1") || !strings.Contains(log, "172.21.0.2") {
		t.Errorf("my-nginx does not see who asks:\n%s", log)
	}
	if out := s.must(t, "$PW ps"); !strings.Contains(out, "0.0.0.0:8080->80/tcp,[::]:8080->80/tcp") {
		t.Errorf("ps:\n%s", out)
	}
	pid := s.must(t, "pgrep -of 'httpd -f -v -p 80'")
	off := changed(t, dir, name, "    - {to: my_bridge, addresses: [172.18.0.2/16]}\n", "")
	s.must(t, `(while sleep 0.1; do `+fetch("192.0.2.2:8080")+` || echo lost; done >/run/lost 2>&1 & echo $! >/run/loop.pid)`)
	s.must(t, "sed -i '/alpine2 -> my-nginx/d' "+off+" && $PW up "+off)
	if s.run("$PW exec alpine2 -- ping -c1 -W1 172.18.0.2").code == 0 {
		t.Error("my-nginx is still on my_bridge")
	}
	s.must(t, "$PW up --runtime netns "+name+" && $PW exec alpine2 -- ping -c1 -W5 172.18.0.2 && $PW verify")
	s.must(t, "kill $(cat /run/loop.pid)")
	if lost := s.must(t, "cat /run/lost"); lost != "" || s.must(t, "pgrep -of 'httpd -f -v -p 80'") != pid {
		t.Errorf("the published port did not answer, or my-nginx was restarted: %q", lost)
	}
	overlap := changed(t, dir, name, "my_bridge: {subnets: [172.18.0.0/16]}", "my_bridge: {uplink: masquerade, subnets: [172.20.16.0/20]}")
	if r := s.run("$PW validate " + overlap); r.code == 0 || !strings.Contains(r.stderr, "172.20.16.0/20 overlaps with 172.20.0.0/16 of segment my_ipv6_bridge") && !strings.Contains(r.stderr, "172.20.0.0/16 overlaps with 172.20.16.0/20 of segment my_bridge") {
		t.Errorf("overlapping networks: exit code %d\n%s", r.code, r.stderr)
	}
	s.must(t, "$PW down")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
	s.must(t, "ip link add lxcbr0 type bridge; ip addr add 172.20.0.1/24 dev lxcbr0; ip link set lxcbr0 up")
	if r := s.run("$PW up " + name); r.code != 1 || !strings.Contains(r.stderr, "overlaps with 172.20.0.0/24 of the server's interface lxcbr0") {
		t.Errorf("a network that the server has: exit code %d\n%s", r.code, r.stderr)
	}
}

// The document's bridge to the outside: the server keeps its address 192.168.215.141,
// and the containers get theirs from the LAN, IPv4 by DHCP, global and unique local
// ones by router advertisements. The lab's own script is the LAN.
func TestRealBridgeToOutside(t *testing.T) {
	const name = "bridge-to-outside"
	s, dir := newIsolated(t), t.TempDir()
	text, err := catalog.OtherEnd(name, "linux")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "linux.sh")
	if err := os.WriteFile(script, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.must(t, "echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_ra; ip addr add 192.168.215.141/24 dev eth0; (ip netns exec out sh "+script+" eth0 >/run/lan.log 2>&1 &)")
	s.soon(t, "ping -c1 -W1 192.168.215.1")
	before := s.state(t)
	file := changed(t, dir, name, "- far -> gw\n", `- far -> gw
- alpine has 192.168.215.104
- alpine has 2001:db8:ebbd:2080:216:3eff:fecf:bef5
- alpine has fd6a:c19d:b07:2080:216:3eff:fecf:bef5
- w2 has 192.168.215.232
- w2 has 2001:db8:ebbd:2080:216:3eff:fe7f:b6a5
- w3 has 192.168.215.208
- w3 has 2001:db8:ebbd:2080:216:3eff:fe63:4544
- alpine -> 192.168.215.1
- alpine -> 192.168.215.141
- alpine -> 2001:db8:9::9
- far -> 192.168.215.1
`)
	s.must(t, "$PW up "+file)
	s.soon(t, "$PW verify")
	s.tryAll(t, name)
	s.must(t, "ping -c1 -W5 192.168.215.104 && ip netns exec out ping -c1 -W5 192.168.215.104 && ip netns exec out ping -c1 -W5 2001:db8:ebbd:2080:216:3eff:fecf:bef5 && ip netns exec out ping -c1 -W5 192.168.215.141")
	if out := s.must(t, "$PW up "+file); !strings.Contains(out, "nothing to change") {
		t.Errorf("up again: %s", out)
	}
	s.must(t, "$PW verify && $PW down")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}
