package lab

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// received returns how many packets an interface of a node has got.
func (l lab) received(t testing.TB, node, iface string) int {
	t.Helper()
	for line := range strings.Lines(l.mustExec(t, node, "cat", "/proc/net/dev")) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == iface+":" {
			n, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s has no interface %s", node, iface)
	return 0
}

// getsPackets waits until a stream's packets come to an interface, or do not.
func (s *stream) getsPackets(t testing.TB, l lab, node, iface string, want bool) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		first, from := l.received(t, node, iface), s.count()
		for s.count() < from+300 {
			time.Sleep(10 * streamEvery)
		}
		n := l.received(t, node, iface) - first
		if sent := s.count() - from; n > sent/50 != want { // ARP and ND are not the stream
			return fmt.Errorf("%d of %d packets came to %s", n, sent, iface)
		}
		return nil
	})
}

// A PE of a site with two goes into maintenance, is stopped, starts and returns, and no
// packet to the site is lost. The file may say the same.
func TestRealMaintenance(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-drain", strings.ReplaceAll(greyCore, "pwt-grey", "pwt-drain"))
	l.up(t)
	in := func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", l.name)...) }
	s := startStream(t, l, "a", "b", netip.MustParseAddr("10.9.0.1"))
	s.getsPackets(t, l, "b", "eth0", true)
	lost := s.outage(t, func() {
		in("maintenance", "pe2", "on")
		s.getsPackets(t, l, "b", "eth0", false)
		in("stop", "pe2")
		in("start", "pe2")
		in("wait", l.name, "--for", "converged")
		s.getsPackets(t, l, "b", "eth0", false)
	})
	if lost > 0 {
		t.Errorf("%s without packets while pe2 is under maintenance", lost)
	}
	file := filepath.Join(t.TempDir(), "drained.yaml")
	text := must(t, "export", l.name)
	if !strings.Contains(text, "pe2: {id: 10.255.0.2, maintenance: true}") {
		t.Errorf("export:\n%s", text)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := pseudowan("plan", file); r.code != 0 {
		t.Errorf("plan of what export printed: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.sound(t, "--tables") // as a router that has only ever had this configuration
	lost = s.outage(t, func() {
		in("maintenance", "pe2", "off")
		s.getsPackets(t, l, "b", "eth0", true)
	})
	if lost > 0 {
		t.Errorf("%s without packets when pe2 returns", lost)
	}
	if text := must(t, "export", l.name); strings.Contains(text, "maintenance") {
		t.Errorf("export after maintenance:\n%s", text)
	}
	l.sound(t, "--tables")
}
