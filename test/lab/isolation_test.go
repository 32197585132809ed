package lab

import (
	"os"
	"strings"
	"testing"

	"pseudowan/status"
)

// A customer reaches its own VPN and no other.
func TestRealIsolation(t *testing.T) {
	l := sharedLab(t)
	for _, c := range []struct {
		host, target string
		reach        bool
	}{
		{"host_001_101", "30.1.0.2", true},
		{"host_002_102", "30.2.0.2", true},
		{"host_002_102", "30.1.0.2", false},    // remote in VPN 101
		{"host_002_102", "10.1.0.2", false},    // on the same router, VPN 101
		{"host_002_102", "110.1.0.1", false},   // a LAN of VPN 101
		{"host_002_102", "192.168.0.1", false}, // the core
		{"host_002_102", "192.168.0.2", false},
		{"remote_001_101", "30.2.0.2", false},
	} {
		r := l.exec(c.host, "ping", "-c", "1", "-W", "1", c.target)
		if (r.code == 0) != c.reach {
			t.Errorf("%s to %s: reached %t; want %t\n%s", c.host, c.target, r.code == 0, c.reach, r.stdout)
		}
	}
}

// 30.1.0.0/24 is remote in VPN 101 and local in VPN 301: the same packet goes different
// ways.
func TestRealOverlappingPrefixes(t *testing.T) {
	l := sharedLab(t)
	who := func(host, target string) string {
		t.Helper()
		return l.mustExec(t, host, "sh", "-c", "ping -c 1 -W 2 "+target)
	}
	flow := func(router, vrf string, direction status.Direction, prefix string) uint64 {
		t.Helper()
		for _, f := range table[status.Flow](t, l, "flow", "--router", router, "--vrf", vrf) {
			if f.Direction == direction && f.Prefix.String() == prefix {
				return f.Packets
			}
		}
		t.Fatalf("router %s has no flow for %s in VRF %s", router, prefix, vrf)
		return 0
	}
	remote, local := flow("pe1", "101", "out", "30.1.0.2/32"), flow("pe1", "301", "out", "30.1.0.2/32")
	who("host_001_101", "30.1.0.2")
	who("remote_007_301", "30.1.0.2")
	if got := flow("pe1", "101", "out", "30.1.0.2/32") - remote; got != 1 {
		t.Errorf("VPN 101: %d packets for 30.1.0.2 left labelled; want 1", got)
	}
	if got := flow("pe1", "301", "out", "30.1.0.2/32") - local; got != 1 {
		t.Errorf("VPN 301: %d packets for 30.1.0.2 went to the local host; want 1", got)
	}
}

// Forwarding on the server must not make the routers' kernels forward or answer:
// without flows, nothing passes.
func TestRealRouterKernelIsSilent(t *testing.T) {
	const forward = "/proc/sys/net/ipv4/ip_forward"
	before, err := os.ReadFile(forward)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(forward, []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(forward, before, 0o644) })
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-silent")
	l.up(t)
	l.mustExec(t, "host_001_101", "ping", "-c", "1", "-W", "2", "30.1.0.2")
	if got := strings.TrimSpace(l.mustExec(t, "pe1", "cat", forward)); got != "0" {
		t.Errorf("ip_forward in pe1 is %s; want 0", got)
	}
	// The neighbour entry stays, so the host goes on sending to the gateway.
	l.mustExec(t, "host_001_101", "ip", "neigh", "replace", "10.1.0.1", "lladdr", "00:00:00:00:00:01", "nud", "permanent", "dev", "eth0")
	edge := startCapture(t, l, "host_001_101", "eth0", 1, "not (icmp[0] == 8 and src host 10.1.0.2) and not ip6 and not arp")
	l.mustExec(t, "pe1", "ovs-ofctl", "del-flows", "br0")
	for _, target := range []string{"30.1.0.2", "10.2.0.2", "192.168.0.1", "192.168.0.2", "10.1.0.1"} {
		if r := l.exec("host_001_101", "ping", "-c", "1", "-W", "1", target); r.code == 0 {
			t.Errorf("without flows, %s still answers:\n%s", target, r.stdout)
		}
	}
	select {
	case <-edge.done:
		t.Error("without flows, the router sent something to the host")
	default:
	}
}

// What customers may not send into the router is dropped at the port.
func TestRealTraceroute(t *testing.T) {
	l := sharedLab(t)
	out := l.mustExec(t, "host_001_101", "traceroute", "-n", "-q", "1", "-w", "2", "30.1.0.2")
	lines := strings.Split(strings.TrimSpace(out), "\n")[1:]
	want := []string{"10.1.0.1", "30.1.0.1", "30.1.0.2"}
	if len(lines) != len(want) {
		t.Fatalf("traceroute has %d hops; want %d\n%s", len(lines), len(want), out)
	}
	for i, line := range lines {
		if !strings.Contains(line, " "+want[i]+" ") {
			t.Errorf("hop %d is %q; want %s", i+1, line, want[i])
		}
	}
}
