package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// farPE makes a PE of the machine: FRR on Linux's own MPLS, and a customer of
// it, c1, with a LAN, in the VRF red.
const farPE = `#!/bin/bash
set -e
nic=$(basename "$(dirname "$(ls -d /sys/class/net/*/device | head -n 1)")")
ip link set "$nic" name core
ip link set core mtu 1500 up
ip addr add 192.168.0.2/30 dev core
ip addr add 2001:db8:f::2/64 dev core nodad
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.mpls.platform_labels=1048575 net.mpls.conf.core.input=1
ip link add red type vrf table 10
ip link set red up
ip netns add c1
ip link add cust type veth peer name eth0 netns c1
ip link set cust master red up
ip addr add 30.1.0.1/24 dev cust
ip addr add 2001:db8:30::1/64 dev cust nodad
ip -n c1 link set lo up
ip -n c1 link set eth0 up
ip -n c1 addr add 30.1.0.2/24 dev eth0
ip -n c1 addr add 2001:db8:30::2/64 dev eth0 nodad
ip -n c1 addr add 130.1.0.1/24 dev lo
ip -n c1 addr add 2001:db8:130::1/64 dev lo nodad
ip -n c1 route add default via 30.1.0.1
ip -n c1 route add default via 2001:db8:30::1
ip route add 130.1.0.0/24 via 30.1.0.2 vrf red
ip route add 2001:db8:130::/64 via 2001:db8:30::2 vrf red
install -d -o frr -g frr /run/frr /var/tmp/frr
cat >/tmp/bgpd.conf <<END
line vty
 no login
exit
interface core
 mpls bgp forwarding
exit
route-map LINK permit 10
 set ipv6 next-hop global 2001:db8:f::1
exit
router bgp 65002
 bgp router-id 10.10.10.2
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 neighbor 192.168.0.1 remote-as 65001
 neighbor 192.168.0.1 timers 3 9
 neighbor 192.168.0.1 timers connect 1
 neighbor 192.168.0.1 capability extended-nexthop
 address-family ipv4 vpn
  neighbor 192.168.0.1 activate
 exit-address-family
 address-family ipv6 vpn
  neighbor 192.168.0.1 activate
  neighbor 192.168.0.1 route-map LINK in
 exit-address-family
router bgp 65002 vrf red
 no bgp ebgp-requires-policy
 address-family ipv4 unicast
  redistribute connected
  redistribute kernel
  label vpn export auto
  rd vpn export 65002:101
  rt vpn both 65001:101
  export vpn
  import vpn
 exit-address-family
 address-family ipv6 unicast
  redistribute connected
  redistribute kernel
  label vpn export auto
  rd vpn export 65002:101
  rt vpn both 65001:101
  export vpn
  import vpn
 exit-address-family
END
sed 's/192\.168\.0\.1 /2001:db8:f::1 /' /tmp/bgpd.conf | grep -v 'route-map LINK in' >/tmp/bgpd6.conf
/usr/lib/frr/zebra -d -f /dev/null
/usr/lib/frr/bgpd -d -f /tmp/bgpd.conf
set +e
`

// vmText is the lab on this side of the machine's NIC.
const vmText = `
name: pwt-interop
routers: {pe1: {as: 65001, id: 10.10.10.1, labels: 1000-1999}}
links:
- nic: pwtap0
  ends: {pe1:eth1: {addresses: [192.168.0.1/30, "2001:db8:f::1/64"]}}
  bgp: {peer: "192.168.0.2", as: 65002, hold-time: 9}
redistribute: {connected: hosts, static: true}
vrfs: {red: {rd: "65001:101", rts: "65001:101"}}
hosts:
  red: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], lans: [110.1.0.1/24, "2001:db8:110::1/64"]}
`

// TestRealVM has FRR on Linux's MPLS as the PE behind the NIC: packets of a
// customer of ours and of one of FRR's pass both ways.
func TestRealVM(t *testing.T) {
	if os.Getenv(wholeEnv) == "" {
		t.Skip("takes long: make interop")
	}
	v := boot(t, farPE, tap)
	l := upLab(t, labName, vmText)
	t.Logf("version: FRR on Linux MPLS %s, Linux %s", versionIn(v.must("/usr/lib/frr/bgpd --version")), strings.TrimSpace(v.must("uname -r")))
	l.established(t, farIPv4)
	v.runFeatures(t, l, []vmFeature{
		{"verify reaches what outside: names behind FRR", vmVerify},
		{"ping both ways, LANs included, IPv4 and IPv6", vmPing},
		{"traceroute both ways, IPv4 and IPv6", vmTraceroute},
		{"path MTU discovery both ways, IPv4, and IPv6 from our side", vmPathMTU},
		{"TCP download both ways, IPv4 and IPv6", vmDownload},
		{"the session is lost and returns: so do routes and packets", vmLoss},
		{"the machine hangs: its routes go within the hold time", vmHangs},
		{"10,000 routes of FRR are in the switch within two minutes, and gone within two", vmRoutesFrom},
		{"10,000 routes of ours are in FRR's kernel within two minutes", vmRoutesTo},
		{"the session over IPv6 carries IPv4 and IPv6 (RFC 8950): ping both ways", vmOverIPv6},
	}, "(echo 'show bgp ipv4 vpn'; echo 'show bgp vrf red ipv4 unicast'; echo exit; sleep 1) | busybox nc 127.0.0.1 2605; ip route show table 10; ip -f mpls route")
}

// vmVerify has the lab name what is behind FRR, and verify find it.
func vmVerify(t *testing.T, v *vm, l lab) {
	l.apply(t, vmText+`
outside: {c1: {vrf: red, addresses: [30.1.0.2, 130.1.0.1, "2001:db8:30::2", "2001:db8:130::1"]}}
expect: [red -> c1]
`)
	vmReach(t, v, l)
	mustRun(t, program, "verify", l.name)
	l.apply(t, vmText)
}

// vmReach pings each address of the other side until all answer.
func vmReach(t *testing.T, v *vm, l lab) {
	t.Helper()
	eventually(t, 60*time.Second, func() error {
		for _, to := range []string{"30.1.0.2", "130.1.0.1", "2001:db8:30::2", "2001:db8:130::1"} {
			if r := l.exec("red", "ping", "-n", "-c", "1", "-W", "2", to); r.code != 0 {
				return fmt.Errorf("our customer does not reach %s:\n%s", to, r.stdout)
			}
		}
		for _, to := range []string{"10.1.0.2", "110.1.0.1", "2001:db8:1::2", "2001:db8:110::1"} {
			if r := v.run("ip netns exec c1 ping -n -c 1 -W 2 " + to); r.code != 0 {
				return fmt.Errorf("FRR's customer does not reach %s:\n%s", to, r.stdout)
			}
		}
		return nil
	})
}

func vmPing(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	for _, to := range []string{"30.1.0.2", "2001:db8:30::2"} {
		if out := l.exec("red", "ping", "-n", "-q", "-i", "0.05", "-c", "100", "-W", "2", to).stdout; !fewLost(out) {
			t.Errorf("to %s:\n%s", to, out)
		}
	}
	for _, to := range []string{"10.1.0.2", "2001:db8:1::2"} {
		if out := v.run("ip netns exec c1 ping -n -q -i 0.05 -c 100 -W 2 " + to).stdout; !fewLost(out) {
			t.Errorf("to %s:\n%s", to, out)
		}
	}
}

// fewLost reports whether at least 98 of 100 pings were answered: an emulated
// machine loses one now and then.
func fewLost(out string) bool {
	var received int
	for line := range strings.Lines(out) {
		_, _ = fmt.Sscanf(line, "100 packets transmitted, %d received", &received)
	}
	return received >= 98
}

// hopsOf are the addresses in what traceroute prints.
func hopsOf(out string) []string {
	var hops []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 && f[0] != "traceroute" {
			hops = append(hops, f[1])
		}
	}
	return hops
}

// vmTraceroute: Linux's MPLS tells nobody of a TTL that ends in it, so FRR's own
// hop on the way from us is silent.
func vmTraceroute(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	for to, want := range map[string][]string{
		"30.1.0.2":       {"10.1.0.1", "*", "30.1.0.2"},
		"2001:db8:30::2": {"2001:db8:1::1", "*", "2001:db8:30::2"},
	} {
		if got := hopsOf(l.exec("red", "traceroute", "-n", "-q", "1", "-w", "2", to).stdout); !slices.Equal(got, want) {
			t.Errorf("to %s: %v; want %v", to, got, want)
		}
	}
	for to, want := range map[string][]string{
		"10.1.0.2":      {"30.1.0.1", "10.1.0.1", "10.1.0.2"},
		"2001:db8:1::2": {"2001:db8:30::1", "2001:db8:1::1", "2001:db8:1::2"},
	} {
		if got := hopsOf(v.must("ip netns exec c1 traceroute -n -q 1 -w 3 " + to)); !slices.Equal(got, want) {
			t.Errorf("from behind FRR to %s: %v; want %v", to, got, want)
		}
	}
}

// vmPathMTU: 1500 octets and a label do not fit the NIC's 1500, and whoever
// sends them is told 1496. Linux tells nobody behind it of an IPv6 packet: it
// looks for the way back to the sender in the VRF of the way out.
func vmPathMTU(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	for _, c := range []struct{ from, to, size, says string }{
		{"ours", "30.1.0.2", "1472", "mtu = 1496"},
		{"ours", "2001:db8:30::2", "1452", "mtu=1496"},
		{"theirs", "10.1.0.2", "1472", "mtu = 1496"},
		{"theirs", "2001:db8:1::2", "1452", ""},
	} {
		send := func(size string) result {
			argv := []string{"ping", "-n", "-M", "do", "-c", "3", "-i", "0.3", "-W", "2", "-s", size, c.to}
			if c.from == "ours" {
				return l.exec("red", argv...)
			}
			return v.run("ip netns exec c1 " + strings.Join(argv, " "))
		}
		if r := send(c.size); r.code == 0 || !strings.Contains(r.stdout, c.says) {
			t.Errorf("1500 octets from %s to %s: exit code %d\n%s", c.from, c.to, r.code, r.stdout)
		}
		fits := map[string]string{"1472": "1468", "1452": "1448"}[c.size]
		if r := send(fits); r.code != 0 {
			t.Errorf("1496 octets from %s to %s: exit code %d\n%s", c.from, c.to, r.code, r.stdout)
		}
	}
}

// vmDownload fetches a file each way by HTTP and compares its sum.
func vmDownload(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	const file = "/tmp/pwt-download"
	v.must("head -c 2000000 /dev/urandom >" + file + "; ip netns exec c1 busybox httpd -p 80 -h /tmp; ip netns exec c1 busybox httpd -p '[::]:8080' -h /tmp")
	theirs := strings.Fields(v.must("sha256sum " + file))[0]
	for _, url := range []string{"http://30.1.0.2:80", "http://[2001:db8:30::2]:8080"} {
		r := l.exec("red", "sh", "-c", "timeout 60 busybox wget -q -O - "+url+"/pwt-download | sha256sum")
		if !strings.HasPrefix(r.stdout, theirs) {
			t.Errorf("from %s: exit code %d: %s%s; want %s", url, r.code, r.stdout, r.stderr, theirs)
		}
	}
	ours := l.serves(t, "red")
	for _, url := range []string{"http://10.1.0.2", "http://[2001:db8:1::2]"} {
		eventually(t, 60*time.Second, func() error { // until the server listens
			r := v.run("ip netns exec c1 timeout 60 busybox wget -q -O - " + url + "/pwt-download | sha256sum")
			if !strings.HasPrefix(r.stdout, ours) {
				return fmt.Errorf("from %s: exit code %d: %s; want %s", url, r.code, r.stdout, ours)
			}
			return nil
		})
	}
}

// serves has a host of ours serve a file by HTTP, pwt-download, and returns its sum.
func (l lab) serves(t *testing.T, host string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "pwt-download")
	mustRun(t, "sh", "-c", "head -c 2000000 /dev/urandom >"+path)
	server := exec.Command("nsenter", "--net="+l.netns(host), "busybox", "httpd", "-f", "-p", "[::]:80", "-h", dir)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	return strings.Fields(mustRun(t, "sha256sum", path))[0]
}

// vmLoss kills bgpd: what FRR forwarded is no longer asked of it, and returns.
func vmLoss(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	v.must("kill -9 $(cat /run/frr/bgpd.pid)")
	far := route{prefix: "130.1.0.0/24", nextHop: farIPv4}
	s := &scene{T: t, lab: l}
	s.goes(t, 3*time.Second, "red", far)
	if r := l.exec("red", "ping", "-n", "-c", "1", "-W", "1", "130.1.0.1"); r.code == 0 {
		t.Errorf("packets still pass:\n%s", r.stdout)
	}
	v.must("/usr/lib/frr/bgpd -d -f /tmp/bgpd.conf")
	vmReach(t, v, l)
}

func vmHangs(t *testing.T, v *vm, l lab) {
	vmReach(t, v, l)
	if err := v.qemu.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, lab: l}
	s.goes(t, (holdTime+3)*time.Second, "red", route{prefix: "130.1.0.0/24", nextHop: farIPv4})
	if err := v.qemu.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	vmReach(t, v, l)
}

const many = 10_000

// flowsTo counts the flows to prefixes whose first octet is given.
func flowsTo(t *testing.T, l lab, octet byte) int {
	t.Helper()
	n := 0
	for _, f := range table[status.Flow](t, l, "flow", "--router", "pe1", "--vrf", "red") {
		if f.Direction == "out" && f.Prefix.Addr().Is4() && f.Prefix.Addr().As4()[0] == octet {
			n++
		}
	}
	return n
}

func vmRoutesFrom(t *testing.T, v *vm, l lab) {
	whole(t)
	vmReach(t, v, l)
	const batch = `i=0; while [ $i -lt 10000 ]; do echo "route %s 40.$((i / 250)).$((i %% 250)).0/24 via 30.1.0.2 table 10"; i=$((i + 1)); done | ip -batch -`
	for _, c := range []struct {
		verb string
		want int
	}{{"add", many}, {"del", 0}} {
		began := time.Now()
		v.must(fmt.Sprintf(batch, c.verb))
		eventually(t, 2*time.Minute, func() error {
			if n := flowsTo(t, l, 40); n != c.want {
				return fmt.Errorf("%d flows; want %d", n, c.want)
			}
			return nil
		})
		t.Logf("%d routes, %s: %.1f s", many, c.verb, time.Since(began).Seconds())
	}
	vmReach(t, v, l)
}

func vmRoutesTo(t *testing.T, v *vm, l lab) {
	whole(t)
	var b strings.Builder
	for i := range many {
		fmt.Fprintf(&b, ", 50.%d.%d.0/24", i/250, i%250)
	}
	began := time.Now()
	l.apply(t, strings.Replace(vmText, "lans:", "announce: ["+b.String()[2:]+"], lans:", 1))
	t.Logf("up with %d routes: %.1f s", many, time.Since(began).Seconds())
	count := func(want int) {
		t.Helper()
		eventually(t, 2*time.Minute, func() error {
			if out := strings.TrimSpace(v.run("ip route show table 10 | grep -c '^50\\.'").stdout); out != fmt.Sprint(want) {
				return fmt.Errorf("FRR's kernel has %s routes; want %d", out, want)
			}
			return nil
		})
		t.Logf("FRR's kernel has %d: %.1f s", want, time.Since(began).Seconds())
	}
	count(many)
	began = time.Now()
	l.apply(t, vmText)
	count(0)
	vmReach(t, v, l)
}

func vmOverIPv6(t *testing.T, v *vm, l lab) {
	v.must("kill $(cat /run/frr/bgpd.pid); while pidof bgpd; do sleep 0.1; done; /usr/lib/frr/bgpd -d -f /tmp/bgpd6.conf")
	l.apply(t, strings.Replace(vmText, `peer: "192.168.0.2"`, `peer: "2001:db8:f::2"`, 1))
	l.established(t, farIPv6)
	vmReach(t, v, l)
}
