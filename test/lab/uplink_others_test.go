package lab

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// others are two machines, one at a bridge with an awkward name, and its neighbour; a
// kernel that hands bridged frames to firewalls of IP, as Docker has it.
const others = `
for f in iptables ip6tables; do [ ! -e /proc/sys/net/bridge ] || echo 1 >/proc/sys/net/bridge/bridge-nf-call-$f; done
bridge() { # name, number
ip link add "$1" type bridge; ip addr add 10.$2.0.1/24 dev "$1"; ip addr add fd00:$2::1/64 dev "$1" nodad; ip link set "$1" up
for v in 1 2; do n=vm$2-$v; ip netns add $n; ip link add t$2-$v type veth peer name eth0 netns $n; ip link set t$2-$v master "$1" up
ip -n $n addr add 10.$2.0.1$v/24 dev eth0; ip -n $n addr add fd00:$2::1$v/64 dev eth0 nodad; ip -n $n link set eth0 up
ip -n $n route add default via 10.$2.0.1; ip -n $n -6 route add default via fd00:$2::1; done
ip -n out route replace 10.$2.0.0/24 via 192.0.2.2; ip -n out -6 route replace fd00:$2::/64 via 2001:db8:ffff::2; }
ping2() { ip netns exec $1 ping -c1 -W$4 $2 && ip netns exec $1 ping -c1 -W$4 $3; }
one() { ip netns exec $1 ping -c1 -W1 $2 || ip netns exec $1 ping -c1 -W1 $3; }
`

// What passes by the server's bridges is nobody's business, and what was not
// forwarded between its interfaces is not forwarded now, whatever they are called and
// whenever they are made. An interface that is renamed is restored, too.
func TestRealUplinkKeepsOthersApart(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a := uplinksFile(t, dir, "pwt-up-a", "20", "8080")
	s.must(t, others+`bridge 'we"i*d' 98`)
	s.soon(t, "! ip -6 addr | grep -q tentative")
	before := s.state(t)
	s.must(t, "$PW up "+a)
	s.must(t, others+"bridge br1 99")
	for _, net := range []string{"98", "99"} {
		s.must(t, others+"ping2 vm"+net+"-1 10."+net+".0.12 fd00:"+net+"::12 10")
		if r := s.run(others + "one out 10." + net + ".0.12 fd00:" + net + "::12"); r.code == 0 {
			t.Errorf("a lab opens the server between eth0 and net %s:\n%s", net, r.stdout)
		}
	}
	s.must(t, "$PW up "+a+" && $PW verify pwt-up-a && "+fetch("192.0.2.2:8080"))
	s.must(t, others+"ping2 vm99-1 10.99.0.12 fd00:99::12 10")
	s.must(t, "ip link set eth0 name lan0; $PW down pwt-up-a; ip link set lan0 name eth0; ip link del br1; ip link del t99-1; ip link del t99-2")
	if diff := cmp.Diff(before, s.state(t)); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
}

// Who turns forwarding on while a lab is up, as Docker does, has it after a further
// up, and after down.
func TestRealUplinkLeavesForwardingOfOthers(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a := uplinksFile(t, dir, "pwt-up-a", "20", "8080")
	s.must(t, "$PW up "+a)
	s.must(t, others+"bridge docker0 98; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.default.forwarding=1 net.ipv6.conf.all.forwarding=1")
	s.must(t, "$PW up "+a+" && $PW verify pwt-up-a")
	s.must(t, others+"ping2 vm98-1 192.0.2.1 2001:db8:ffff::1 10")
	s.must(t, "$PW down pwt-up-a")
	s.must(t, others+"ping2 vm98-1 192.0.2.1 2001:db8:ffff::1 10")
	if out := s.must(t, "cd /proc/sys/net; cat ipv4/ip_forward ipv6/conf/*/forwarding; ls -A /var/lib/pseudowan 2>/dev/null; true"); strings.Trim(out, "1\n") != "" {
		t.Errorf("forwarding is not what others have made it:\n%s", out)
	}
}

// A setting that somebody makes for one interface while a lab is up stays, and what
// the server has learned from a single router advertisement does, over any up and down.
func TestRealUplinkKeepsWhatWasLearned(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	a, b := uplinksFile(t, dir, "pwt-up-a", "20", "8080"), uplinksFile(t, dir, "pwt-up-b", "21", "8081")
	s.must(t, "ip -6 route del default; echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra; ip netns exec out sysctl -qw net.ipv6.conf.all.forwarding=1")
	s.must(t, `ip link add eth1 type veth peer name eth2; echo 1 >/proc/sys/net/ipv6/conf/eth1/forwarding
printf 'interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 9000; prefix 2001:db8:fffe::/64 { AdvAutonomous off; }; };' >/run/radvd.conf
ip netns exec out radvd -C /run/radvd.conf -p /run/radvd.pid -m none`)
	s.soon(t, "ip -6 route show default proto ra | grep -q fe80 && ip -6 route | grep -q ^2001:db8:fffe")
	s.must(t, "kill -9 $(cat /run/radvd.pid); ip -6 monitor route >/run/monitor 2>&1 & echo $! >/run/monitor.pid")
	before := timeless(s.state(t))
	s.must(t, "$PW up "+a+" && $PW up "+b)
	s.must(t, `u=$(ip -br link | grep -o 'pwu-[0-9a-f]*' | head -1)
ip -6 route add default via fe80::bad dev $u proto ra metric 1; ip -6 route add 2001:db8:666::/64 dev $u proto kernel expires 900; ip -6 route add 2001:db8:777::/64 dev $u`)
	s.must(t, "$PW up "+a+" && $PW up "+b)
	if out := s.must(t, "ip -6 route"); strings.Contains(out, "bad") || strings.Contains(out, "666") || !strings.Contains(out, "777") {
		t.Errorf("routes that hosts have taught the server stay, or others do not:\n%s", out)
	}
	s.must(t, "ip link del $(ip -br link | grep -o 'pwu-[0-9a-f]*' | head -1); $PW up "+a+" && $PW up "+b)
	s.must(t, "$PW down pwt-up-a && $PW down pwt-up-b; kill $(cat /run/monitor.pid)")
	if diff := cmp.Diff(before, timeless(s.state(t))); diff != "" {
		t.Errorf("the server is not as it was (-before +after):\n%s", diff)
	}
	if out := s.must(t, "grep -E '^Deleted.* dev eth0.*(proto ra|expires)' /run/monitor; true"); out != "" {
		t.Errorf("the server has lost what it had learned:\n%s", out)
	}
	s.must(t, "$PW up "+a+"; echo 1 >/proc/sys/net/ipv6/conf/eth0/forwarding; $PW down pwt-up-a")
	if out := s.must(t, "cd /proc/sys/net/ipv6/conf; cat all/forwarding default/forwarding eth0/forwarding eth1/forwarding | tr -d '\n'"); out != "0011" {
		t.Errorf("forwarding of all, default, eth0 and eth1 is %s, want 0011", out)
	}
}

// timeless is the state of a server without what is left of lifetimes.
func timeless(state string) string {
	return regexp.MustCompile(`expires \d+sec`).ReplaceAllString(state, "expires")
}
