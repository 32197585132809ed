package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// The DNS server of the documents, and the routers on the way there and round the
// ring.
const (
	ringTarget = "2001:db8:ebbd:4118::1"
	ringShort  = "2001:db8:ebbd:bac0::1 " + ringTarget
	ringLong   = "2001:db8:ebbd:bac0::1 2001:db8:ebbd:2080::1 2001:db8:ebbd:2000::1 " + ringTarget
)

// RIPng joins the islands of a house, and finds the way round the ring when a link is
// down: with the next updates of the other side, which come every 30 s.
func TestRealRIPngRing(t *testing.T) {
	t.Parallel()
	l := fromCatalog(t, t.TempDir(), "ripng-ring", "pwt-ripng")
	l.up(t)
	says(t, l, "show route", "[rip1", "(120/2)", "via fe80::221:29ff:fec3:6cb0 on wlan0", "via fe80::224:a5ff:fed7:3089 on eth1")
	says(t, l, "show rip neigh", "IP address                Interface  Metric Routes    Seen",
		"fe80::221:29ff:fec3:6cb0  wlan0           1", "fe80::224:a5ff:fed7:3089  eth1            1")
	for _, island := range []string{"fd37:5218::1", "fd11::1"} {
		eventually(t, 60*time.Second, func() error {
			if r := l.exec("laptop", "ping", "-c", "1", "-W", "2", "-I", "fdcd:5cb4:d0e1::2037", island); r.code != 0 {
				return fmt.Errorf("the laptop does not reach the island %s:\n%s", island, r.stdout)
			}
			return nil
		})
	}
	cutRing(t, l, "link ghz24 down", 90*time.Second)
	if whole(t) {
		cutRing(t, l, "link ghz24 impair --loss 100%", 300*time.Second)
	}
}

// Babel notices at once that a link is down, and by its hellos that one loses
// everything.
func TestRealBabelRing(t *testing.T) {
	t.Parallel()
	l := fromCatalog(t, t.TempDir(), "babel-ring", "pwt-babel")
	l.up(t)
	says(t, l, "show route", "[babel1", "(130/512)", "via fe80::221:29ff:fec3:6cb0 on wlan0")
	says(t, l, "show babel neighbors", "fe80::221:29ff:fec3:6cb0  wlan0         512", "fe80::224:a5ff:fed7:3089  eth1           96")
	cutRing(t, l, "link ghz24 down", 30*time.Second)
	if !whole(t) {
		return
	}
	cutRing(t, l, "link ghz24 impair --loss 100%", 60*time.Second)
	varies(t, l)
	slow := fromCatalog(t, t.TempDir(), "babel-ring", "pwt-babel5", func(s string) string {
		return strings.Replace(s, "type wireless; hello interval 1 s; rxcost 512;", "type wired; hello interval 5 s;", 1)
	})
	slow.up(t)
	cutRing(t, slow, "link ghz24 down", 30*time.Second)
	cutRing(t, slow, "link ghz24 impair --loss 100%", 120*time.Second)
}

// varies tests that the metric of a wireless link follows its quality, and the way
// with it.
func varies(t *testing.T, l lab) {
	t.Helper()
	must(t, "link", "ghz24", "impair", "--loss", "50%", "--lab", l.name)
	passes(t, l, ringLong)
	if out := l.mustExec(t, "production", "birdc", "show", "babel", "neighbors"); strings.Contains(out, "wlan0         512") {
		t.Errorf("the metric of a link that loses every second packet:\n%s", out)
	}
	must(t, "link", "ghz24", "up", "--lab", l.name)
	passes(t, l, ringShort)
}

// whole reports whether outages of minutes are measured, too.
func whole(t *testing.T) bool {
	t.Helper()
	if os.Getenv(labsEnv) == "" {
		t.Log("silent loss is measured by `make labs`")
		return false
	}
	return true
}

// says waits until BIRD in the router of the house answers with some words.
func says(t *testing.T, l lab, question string, words ...string) {
	t.Helper()
	eventually(t, 60*time.Second, func() error {
		answer := l.mustExec(t, "production", append([]string{"birdc"}, strings.Fields(question)...)...)
		for _, want := range words {
			if !strings.Contains(answer, want) {
				return fmt.Errorf("%s has no %q:\n%s", question, want, answer)
			}
		}
		return nil
	})
}

// cutRing measures how long the laptop is without answers when the wireless link is
// cut, and tests that packets then go round the ring, and come back to the link once
// it is restored.
func cutRing(t *testing.T, l lab, fault string, limit time.Duration) {
	t.Helper()
	passes(t, l, ringShort)
	r := pseudowan("measure", "laptop", ringTarget, "--while", fault, "--within", limit.String(), "--lab", l.name, "-o", "json")
	var m status.Measurement
	decode(t, r.stdout, &m)
	t.Logf("%s: %s: an outage of %.2f s, %d packets lost, %v", l.name, fault, m.Outage/1000, m.Lost, m.Errors)
	if r.code != 0 || m.Lost == 0 {
		t.Errorf("%s: exit code %d: %s%s", fault, r.code, r.stdout, r.stderr)
	}
	passes(t, l, ringLong)
	must(t, "link", "ghz24", "up", "--lab", l.name)
	passes(t, l, ringShort)
}

// passes waits until packets of the laptop take a way. After a loss, daemons trust a
// link again once they have heard several hellos or updates.
func passes(t *testing.T, l lab, want string) {
	t.Helper()
	eventually(t, 3*time.Minute, func() error {
		var way []string
		out := l.mustExec(t, "laptop", "traceroute", "-n", "-q", "1", "-w", "1", ringTarget)
		for line := range strings.Lines(out) {
			if words := strings.Fields(line); len(words) > 1 && words[0] != "traceroute" {
				way = append(way, words[1])
			}
		}
		if got := strings.Join(way, " "); got != want {
			return fmt.Errorf("the way is %s, want %s", got, want)
		}
		return nil
	})
}
