package lab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"pseudowan/status"
)

// reach says whether a host reaches an address.
type reach struct {
	from, to string
	want     bool
}

// checkReach pings every address. For those that must not answer, the routers
// report that there is no route.
func checkReach(t testing.TB, l lab, all []reach) {
	t.Helper()
	for _, c := range all {
		r := l.exec(c.from, "ping", "-n", "-c", "1", "-W", "2", c.to)
		if (r.code == 0) != c.want {
			t.Errorf("%s to %s: reached %t; want %t\n%s", c.from, c.to, r.code == 0, c.want, r.stdout)
		}
	}
}

// both stands for the addresses of both families: 1 is 10.1.0.2 and
// 2001:db8:1::2.
func both(from string, site int, want bool) []reach {
	return []reach{
		{from, fmt.Sprintf("10.%d.0.2", site), want},
		{from, fmt.Sprintf("2001:db8:%d::2", site), want},
	}
}

// hostAddress returns a host's address in a prefix, as `ps` shows it.
func hostAddress(t testing.TB, l lab, host, prefix string) string {
	t.Helper()
	var nodes []status.Node
	if err := json.Unmarshal([]byte(must(t, "ps", "--lab", l.name, "-o", "json")), &nodes); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		for _, a := range n.Addresses {
			if p := netip.MustParsePrefix(a); n.Node == host && netip.MustParsePrefix(prefix).Contains(p.Addr()) {
				return p.Addr().String()
			}
		}
	}
	t.Fatalf("host %s has no address in %s", host, prefix)
	return ""
}

// echoesHeard returns how many pings of both families a host has received.
func echoesHeard(t testing.TB, l lab, host string) int {
	t.Helper()
	heard := 0
	count := func(s string) {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s: counter %q", host, s)
		}
		heard += n
	}
	lines := strings.Split(l.mustExec(t, host, "cat", "/proc/net/snmp", "/proc/net/snmp6"), "\n")
	for i, line := range lines {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "Icmp6InEchos "):
			count(fields[1])
		case strings.HasPrefix(line, "Icmp:") && strings.Contains(line, "InEchos"):
			for k, name := range fields {
				if name == "InEchos" {
					count(strings.Fields(lines[i+1])[k])
				}
			}
		}
	}
	return heard
}

// hops returns the addresses that traceroute sees on the way, the last one being
// the destination itself.
func hops(t testing.TB, l lab, from, to string) []string {
	t.Helper()
	var out []string
	for i, line := range strings.Split(strings.TrimSpace(l.mustExec(t, from, "traceroute", "-n", "-q", "1", "-w", "2", to)), "\n") {
		if f := strings.Fields(line); i > 0 && len(f) > 1 {
			out = append(out, f[1])
		}
	}
	return out
}
