package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// entriesOf counts a node's entries of a family in the kernel's neighbour table,
// except those that need no room.
func entriesOf(t testing.TB, l lab, node, family string) int {
	t.Helper()
	out := command("ip", family, "-n", "pw-"+l.name+"-"+node, "neigh", "show", "nud", "all")
	if out.code != 0 {
		t.Fatalf("neighbours of %s: %s", node, out.stderr)
	}
	n := 0
	for line := range strings.Lines(out.stdout) {
		if !strings.Contains(line, "NOARP") && !strings.Contains(line, "PERMANENT") {
			n++
		}
	}
	return n
}

// A LAN of routers has as many entries in the kernel's neighbour table as doctor
// expects (see TestNeighboursOf): one for each other router, even if the only
// session is with a route reflector.
func TestRealNeighboursOfALAN(t *testing.T) {
	for catalog, routers := range map[string][]string{
		"hub-spoke": {"pe1", "pe2", "pe3"}, "route-reflector": {"rr", "pe1", "pe2", "pe3"},
	} {
		l := fromCatalog(t, t.TempDir(), catalog, "pwt-neigh-"+catalog)
		l.up(t)
		mustVerify(t, l)
		eventually(t, 5*time.Second, func() error {
			v4, v6 := 0, 0
			for _, r := range routers {
				v4 += entriesOf(t, l, r, "-4")
				v6 += entriesOf(t, l, r, "-6")
			}
			if want := len(routers) * (len(routers) - 1); v4 != want || v6 != 0 {
				return fmt.Errorf("%s: %d entries of IPv4 and %d of IPv6; want %d and none", catalog, v4, v6, want)
			}
			return nil
		})
	}
}

// A lab that needs more entries than the kernel's neighbour table holds is refused
// before anything is created, with the remedy.
func TestRealUpNeedsNeighbours(t *testing.T) {
	r := command("sysctl", "-n", "net.ipv4.neigh.default.gc_thresh3")
	if r.code != 0 {
		t.Skip("this network namespace does not show the kernel's neighbour table")
	}
	var most int
	if _, err := fmt.Sscan(r.stdout, &most); err != nil {
		t.Fatal(err)
	}
	n := 2
	for n*(n-1) <= most {
		n++
	}
	if n > 250 {
		t.Skipf("the kernel's neighbour table holds %d entries: the lab would be too large", most)
	}
	var routers, ends []string
	for i := range n {
		routers = append(routers, fmt.Sprintf("r%d: {}", i))
		ends = append(ends, fmt.Sprintf("r%d:eth1", i))
	}
	l := fromText(t, t.TempDir(), "pwt-neighfew", fmt.Sprintf(`
name: pwt-neighfew
defaults: {router: {as: 65000}}
routers: {%s}
links: [{ends: [%s], subnets: [192.168.0.0/24], bgp: full-mesh}]
vrfs: {red: {rts: "65000:1"}}
hosts: {a: {to: r0, vrf: red, addresses: [10.1.0.2/24]}}
`, strings.Join(routers, ", "), strings.Join(ends, ", ")))
	for _, args := range [][]string{{"up", l.file, "--runtime", "netns"}, {"doctor", l.file}} {
		r := pseudowan(args...)
		if said := r.stdout + r.stderr; r.code == 0 || !strings.Contains(said, "sysctl -w net.ipv4.neigh.default.gc_thresh3=") || !strings.Contains(said, "limit: neighbours") {
			t.Errorf("%s with %d routers for a table of %d: exit code %d\n%s", args[0], n, most, r.code, said)
		}
	}
	if rows := pseudowan("ps", "-o", "json").stdout; strings.Contains(rows, l.name) {
		t.Errorf("something was created:\n%s", rows)
	}
}
