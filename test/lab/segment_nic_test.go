package lab

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onNIC has a segment with a NIC of the server, and a router on it.
const onNIC = `
name: NAME
runtime: netns
node-prefix: NAME-
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
segments:
  br0: {nic: lan, to: pe1, vrf: red, subnets: [192.0.2.0/24, "2001:db8:ffff::/64"], gateway: [192.0.2.254, "2001:db8:ffff::fe"]}
hosts:
  h1: {to: br0, addresses: [192.0.2.11/24, "2001:db8:ffff::11/64"]}
  h2: {to: br0, addresses: [192.0.2.12/24, "2001:db8:ffff::12/64"], command: [python3, -m, http.server, --bind, "::", "80"]}
  far: {to: pe1, vrf: red, addresses: [10.9.0.2/24]}
expect: [h1 -> 192.0.2.1, h1 -> 192.0.2.2, "h1 -> 2001:db8:ffff::1", "h1 -> 2001:db8:ffff::2", far -> h2 tcp 80]
`

func onNICFile(t *testing.T, dir, name string) string {
	t.Helper()
	file := filepath.Join(dir, name+".yaml")
	if err := os.WriteFile(file, []byte(withDatapath(strings.ReplaceAll(onNIC, "NAME", name))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// pinged is what a ping says at its end.
var pinged = regexp.MustCompile(`([0-9]+) packets transmitted, ([0-9]+) received`)

// A NIC of the server is a port of a segment, and the server keeps it: who talks to
// the server through that NIC, by pings and in a connection, does not notice that the
// lab comes, is repaired, killed, and goes. Server, outside and hosts reach each other
// on one LAN, and down leaves the NIC as it was.
func TestRealSegmentNIC(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a, b := onNICFile(t, dir, "pwt-sn-a"), onNICFile(t, dir, "pwt-sn-b")
	before := s.state(t)
	s.must(t, `(ip netns exec out ping -nq -i 0.1 192.0.2.2 >/run/ping 2>&1 & echo $! >/run/ping.pid); (ip netns exec out ping -nq -i 0.1 2001:db8:ffff::2 >/run/ping6 2>&1 & echo $! >/run/ping6.pid)
(python3 -c 'import socket; s=socket.create_server(("",2222)); c=s.accept()[0]
while True: c.sendall(c.recv(9) or exit())' >/dev/null 2>&1 & echo $! >/run/echo.pid)`)
	s.soon(t, `(ip netns exec out python3 -c 'import socket,time; c=socket.create_connection(("192.0.2.2",2222))
while True: c.sendall(b"x"); c.recv(9); print(".", end="", flush=True); time.sleep(.1)' >/run/echoed 2>/dev/null & echo $! >/run/client.pid); sleep 0.3; grep -q . /run/echoed`)
	up := "$PW up --nic lan=eth0 "
	s.must(t, up+a+" && $PW verify pwt-sn-a")
	for _, from := range []string{"", "ip netns exec out "} {
		s.must(t, from+"ping -c1 -W5 192.0.2.11 && "+from+"ping -c1 -W5 2001:db8:ffff::12 && "+from+"curl -sf -m 5 -o /dev/null http://192.0.2.12/")
	}
	if out := s.must(t, "$PW exec --lab pwt-sn-a h1 -- ping -c3 -i0.2 -W5 192.0.2.1"); strings.Contains(out, "DUP") {
		t.Errorf("frames come twice:\n%s", out)
	}
	if out := s.run("ip netns exec out timeout 3 tcpdump -nei eth0 -c1 arp and ether src $(cat /sys/class/net/eth0/address) and arp host 192.0.2.99 2>&1 & sleep 1; $PW exec --lab pwt-sn-a h1 -- ping -c1 -W1 192.0.2.99; wait"); strings.Contains(out.stdout, "1 packet captured") {
		t.Errorf("the server passes off what a host asks as its own:\n%s", out.stdout)
	}
	s.must(t, `$PW exec --lab pwt-sn-a h1 -- python3 -c 'import socket,sys; s=socket.socket(17,3); s.bind(("eth0",0))
s.send(b"\377"*6+bytes.fromhex(sys.argv[1].replace(":",""))+b"\x88\xb5"+bytes(46))' $(ip -n out -br link show eth0 | awk '{print $3}') && ping -c3 -i0.2 -W2 192.0.2.1`) // as the gateway
	if r := s.run("$PW up --nic lan=eth0 " + b); r.code != 1 || !strings.Contains(r.stderr, "lab pwt-sn-a has it on a segment") {
		t.Errorf("a second lab: exit code %d\n%s", r.code, r.stderr)
	}
	if out := s.must(t, "$PW up "+a); !strings.Contains(out, "nothing to change") {
		t.Errorf("up again: %s", out)
	}
	s.must(t, "tc filter add dev eth0 ingress pref 7 protocol ip u32 match ip dst 198.51.100.1/32 flowid 1:1 && tc filter del dev eth0 egress pref 28791 && ip link set eth0 promisc off")
	if out := s.must(t, "$PW up "+a+" && $PW verify pwt-sn-a"); !strings.Contains(out, "put right the server's side of segment br0") {
		t.Errorf("up after a deleted filter: %s", out)
	}
	s.must(t, "ip link del $(ip -br link | grep -o 'pwn-[0-9a-f]*') && $PW up "+a+" && $PW verify pwt-sn-a")
	s.must(t, "$PW down pwt-sn-a && tc filter show dev eth0 ingress | grep -q 'pref 7 u32'") // somebody else's stays
	s.must(t, "tc qdisc del dev eth0 clsact")
	for _, after := range []string{"0.1", "0.2", "0.3", "0.4"} {
		s.run("timeout -s KILL " + after + " " + up + a)
		if after == "0.2" {
			s.must(t, up+a+" && $PW verify pwt-sn-a")
		}
		s.must(t, "$PW down pwt-sn-a || ! ls /run/pseudowan/pwt-sn-a")
	}
	s.must(t, "kill -INT $(cat /run/ping.pid) $(cat /run/ping6.pid); echo $(wc -c </run/echoed) >/run/n; sleep 0.5; [ $(wc -c </run/echoed) -gt $(cat /run/n) ]; kill $(cat /run/client.pid)")
	for _, file := range []string{"/run/ping", "/run/ping6"} {
		if m := pinged.FindStringSubmatch(s.must(t, "cat "+file)); m == nil || m[1] != m[2] {
			t.Errorf("packets to the server were lost: %v", m)
		}
	}
	s.soon(t, "kill $(cat /run/echo.pid) 2>/dev/null; ! ss -tn | grep -q 2222")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
	// By another name it is the same NIC.
	s.must(t, up+a+" && ip link set eth0 down && ip link set eth0 name lan7 && ip link set lan7 up")
	if r := s.run("$PW up --nic lan=lan7 " + b); r.code != 1 || !strings.Contains(r.stderr, "lab pwt-sn-a has it on a segment") {
		t.Errorf("a second lab, by its new name: exit code %d\n%s", r.code, r.stderr)
	}
	s.must(t, "$PW down pwt-sn-a && ! tc qdisc show dev lan7 | grep clsact && ! ip link show lan7 | grep PROMISC && ip link set lan7 down && ip link set lan7 name eth0")
	if out := s.must(t, "$PW doctor "+a+" --nic lan=eth0 || true"); !strings.Contains(out, "ip link set eth0 up") {
		t.Errorf("nobody says that the NIC is down:\n%s", out)
	}
}

// A bridge of the server gets a port, and keeps its address; ports of bridges, and
// what is no Ethernet, are refused before anything is touched.
func TestRealSegmentBridge(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a := onNICFile(t, dir, "pwt-sn-a")
	s.must(t, `ip link set eth0 mtu 9000; ip -n out link set eth0 mtu 9000
ip link add br7 type bridge; ip link set br7 up; ip addr flush dev eth0; ip link set eth0 master br7
ip addr add 192.0.2.2/24 dev br7; ip addr add 2001:db8:ffff::2/64 dev br7 nodad; ip link add tun7 type ipip local 192.0.2.2 remote 192.0.2.1 2>/dev/null || ip tuntap add tun7 mode tun`)
	s.soon(t, "ping -c1 -W1 192.0.2.1 && ! ip -6 addr show dev br7 | grep -q tentative")
	before := s.state(t)
	for nic, why := range map[string]string{"eth0": "name br7, if that is a bridge", "tun7": "no Ethernet interface", "eth9": "no interface of that name"} {
		if r := s.run("$PW up --nic lan=" + nic + " " + a); r.code != 1 || !strings.Contains(r.stderr, why) {
			t.Errorf("%s: exit code %d, want %q in\n%s", nic, r.code, why, r.stderr)
		}
	}
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("something was touched:\n%s", diff)
	}
	s.must(t, "$PW up --nic lan=br7 "+a+" && $PW verify pwt-sn-a && ping -c1 -W5 192.0.2.12 && ip netns exec out ping -c1 -W5 2001:db8:ffff::11")
	if out := s.must(t, "$PW up --nic lan=br7 "+a); !strings.Contains(out, "nothing to change") {
		t.Errorf("up again: %s", out)
	}
	s.must(t, "ip link show br7 | grep 'mtu 9000' && ping -c1 -W5 -M do -s 8972 192.0.2.1")
	s.must(t, "$PW down pwt-sn-a")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}
