package lab

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// entriesOf counts a node's entries of a family in the kernel's neighbour table that
// count for its limit, and those of introduced neighbours, which do not.
func entriesOf(t testing.TB, l lab, node, family string) (limited, introduced int) {
	t.Helper()
	out := command("ip", family, "-n", "pw-"+l.name+"-"+node, "neigh", "show", "nud", "all")
	if out.code != 0 {
		t.Fatalf("neighbours of %s: %s", node, out.stderr)
	}
	for line := range strings.Lines(out.stdout) {
		switch {
		case strings.Contains(line, "extern_learn"):
			introduced++
		case !strings.Contains(line, "NOARP") && !strings.Contains(line, "PERMANENT"):
			limited++
		}
	}
	return limited, introduced
}

// The routers of a LAN are introduced to each other, even if the only session is with a
// route reflector: none of them takes room in the kernel's neighbour table.
func TestRealNeighboursOfALAN(t *testing.T) {
	for catalog, routers := range map[string][]string{
		"hub-spoke": {"pe1", "pe2", "pe3"}, "route-reflector": {"rr", "pe1", "pe2", "pe3"},
	} {
		l := fromCatalog(t, t.TempDir(), catalog, "pwt-neigh-"+catalog)
		l.up(t)
		mustVerify(t, l)
		settled := time.Now().Add(3 * time.Second) // the routers ask each other every second
		eventually(t, 10*time.Second, func() error {
			for _, r := range routers {
				limited4, introduced4 := entriesOf(t, l, r, "-4")
				limited6, introduced6 := entriesOf(t, l, r, "-6")
				others := len(routers) - 1
				if limited4+limited6 > 0 || introduced4 != others || introduced6 != 0 && introduced6 != others {
					return fmt.Errorf("%s of %s: %d and %d entries that count, %d and %d introduced; want %d", r, catalog, limited4, limited6, introduced4, introduced6, others)
				}
			}
			if time.Now().Before(settled) {
				return errors.New("not asked yet")
			}
			return nil
		})
	}
}

// More routers share a LAN than the kernel's neighbour table, as delivered, could hold
// learned entries for: 34 times 33 are more than 1024.
func TestRealLANBeyondTheNeighbourTable(t *testing.T) {
	const n = 34
	var routers, ends []string
	for i := range n {
		routers = append(routers, fmt.Sprintf("r%d: {}", i))
		ends = append(ends, fmt.Sprintf("r%d:eth1", i))
	}
	l := fromText(t, t.TempDir(), "pwt-neighmany", fmt.Sprintf(`
name: pwt-neighmany
defaults: {router: {as: 65000}}
routers: {%s}
links: [{ends: [%s], subnets: [192.168.0.0/24], bgp: full-mesh}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: r0, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: r%d, vrf: red, addresses: [10.2.0.2/24]}
`, strings.Join(routers, ", "), strings.Join(ends, ", "), n-1))
	l.up(t)
	mustVerify(t, l)
	if limited, introduced := entriesOf(t, l, "r0", "-4"); limited != 0 || introduced != n-1 {
		t.Errorf("%d entries that count, %d introduced; want %d", limited, introduced, n-1)
	}
}
