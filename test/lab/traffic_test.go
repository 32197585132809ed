package lab

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Hosts send packets of 1500 octets, which have 1504 on the wire between the
// routers, and TCP uses full-size packets.
func TestRealFullSize(t *testing.T) {
	l := sharedLab(t)
	const headers = 28
	l.mustExec(t, "host_001_101", "ping", "-c", "3", "-i", "0.1", "-M", "do", "-s", fmt.Sprint(1500-headers), "30.1.0.2")

	port := func(name string) status.Port {
		for _, p := range table[status.Port](t, l, "port", "--router", "pe1") {
			if p.Name == name {
				return p
			}
		}
		t.Fatalf("pe1 has no port %s", name)
		return status.Port{}
	}
	before := port("eth1")
	const size = 10 << 20
	l.mustExec(t, "remote_001_101", "dd", "if=/dev/urandom", "of=/tmp/file", "bs=1M", "count=10", "status=none")
	server := exec.Command(program, "exec", "--lab", l.name, "remote_001_101", "--", "busybox", "httpd", "-f", "-p", "80", "-h", "/tmp")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	full := startCapture(t, l, "pe1", "eth1", 1000, "mpls and greater 1518") // Ethernet, one label, 1500 octets
	var sum string
	eventually(t, 30*time.Second, func() error { // until the server listens
		r := l.exec("host_001_101", "sh", "-c", "busybox wget -q -O /tmp/file http://30.1.0.2/file && sha256sum /tmp/file")
		if r.code != 0 {
			return fmt.Errorf("wget: exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
		sum = r.stdout
		return nil
	})
	if want := l.mustExec(t, "remote_001_101", "sha256sum", "/tmp/file"); sum != want {
		t.Errorf("the file arrives as %s; it is %s", sum, want)
	}
	full.frames(t)
	after := port("eth1")
	if got := after.RxBytes - before.RxBytes; got < size {
		t.Errorf("%d octets came over the wire between the routers; want at least %d", got, size)
	}
	if after.TxErrors != before.TxErrors || after.RxErrors != before.RxErrors {
		t.Errorf("errors on the wire between the routers: before %+v, after %+v", before, after)
	}
}

// A host that changes its MAC is found again within a second.
func TestRealMACChange(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-mac")
	l.up(t)
	l.mustExec(t, "remote_001_101", "ping", "-c", "1", "-W", "2", "10.1.0.2")
	const mac = "02:00:00:00:be:ef"
	l.mustExec(t, "host_001_101", "ip", "link", "set", "eth0", "address", mac)
	changed := time.Now()
	eventually(t, time.Second, func() error {
		if r := l.exec("remote_001_101", "ping", "-c", "1", "-W", "1", "10.1.0.2"); r.code != 0 {
			return fmt.Errorf("no answer %s after the change", time.Since(changed))
		}
		return nil
	})
	for _, n := range table[status.Neighbor](t, l, "arp", "--router", "pe1", "--vrf", "101") {
		if n.Address.String() == "10.1.0.2" && n.MAC != mac {
			t.Errorf("neighbour %+v; want MAC %s", n, mac)
		}
	}
}

// The routes of a removed host are withdrawn; `up` restores them.
func TestRealHostGoneAndBack(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-gone")
	l.up(t)
	known := func() bool {
		for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe2", "--vrf", "101") {
			for _, r := range v.Routes {
				if r.Prefix.String() == "10.1.0.2/32" || r.Prefix.String() == "110.1.3.0/24" {
					return true
				}
			}
		}
		return false
	}
	if !known() {
		t.Fatal("pe2 does not know the host at the start")
	}
	if out, err := exec.Command("ip", "netns", "del", "pw-"+l.name+"-host_001_101").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, 10*time.Second, func() error {
		if known() {
			return fmt.Errorf("pe2 still has the routes of a removed host")
		}
		return nil
	})
	must(t, "up", l.file, "--runtime", "netns")
	if !known() {
		t.Error("pe2 does not know the restored host")
	}
	l.mustExec(t, "remote_001_101", "ping", "-c", "1", "-W", "2", "110.1.3.9")
}

// The files and routes of every node are those of the original.
func TestRealInsideAHost(t *testing.T) {
	l := sharedLab(t)
	routes := l.mustExec(t, "host_001_101", "ip", "route")
	for n := 1; n <= 10; n++ {
		want := fmt.Sprintf("110.1.%d.0/24 dev eth%d ", n-1, n)
		if !strings.Contains(routes, want) {
			t.Errorf("no route %q in\n%s", want, routes)
		}
	}
	if !strings.Contains(routes, "default via 10.1.0.1 dev eth0") {
		t.Errorf("no default route in\n%s", routes)
	}
	if got := strings.TrimSpace(l.mustExec(t, "host_001_101", "hostname")); got != "host_001_101" {
		t.Errorf("hostname is %q", got)
	}
	l.mustExec(t, "host_001_101", "ping", "-c", "1", "-W", "2", "remote_001_101")
	if r := l.exec("host_001_101", "sh", "-c", "exit 42"); r.code != 42 {
		t.Errorf("exec passes exit code %d; want 42", r.code)
	}
	for _, argv := range [][]string{{"ovs-vsctl", "show"}, {"ovs-ofctl", "dump-flows", "br0"}} {
		if out := l.mustExec(t, "pe1", argv...); !strings.Contains(out, "br0") && !strings.Contains(out, "cookie=") {
			t.Errorf("%v in pe1 prints\n%s", argv, out)
		}
	}
}
