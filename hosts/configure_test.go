package hosts

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// lab is two hosts on one wire; each has a LAN, and routes to the other's.
func twoHosts(t testing.TB) (a, b Namespace, na, nb Network) {
	t.Helper()
	a, b = newHost(t), newHost(t)
	wire(t, a, b)
	side := func(own, other int) Network {
		return Network{
			Interfaces: []Interface{
				{Name: "eth0", Addresses: prefixes(fmt.Sprintf("10.0.0.%d/24", own), fmt.Sprintf("2001:db8::%d/64", own))},
				{Name: "eth1", LAN: true, Addresses: prefixes(fmt.Sprintf("110.%d.0.1/24", own), fmt.Sprintf("2001:db8:%d::1/64", own))},
			},
			Routes: []Route{
				{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", other)), "eth0"},
				{netip.MustParsePrefix("::/0"), netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", other)), "eth0"},
			},
		}
	}
	na, nb = side(1, 2), side(2, 1)
	configureHost(t, a, na)
	configureHost(t, b, nb)
	return a, b, na, nb
}

func configureHost(t testing.TB, ns Namespace, n Network) {
	t.Helper()
	if err := Configure(context.Background(), ns.Path(), n); err != nil {
		t.Fatal(err)
	}
}

func TestRealConfigureAnswersOnEveryLANAddressAtOnce(t *testing.T) {
	needRoot(t)
	a, _, _, _ := twoHosts(t)
	for _, to := range []string{"110.2.0.1", "110.2.0.77", "2001:db8:2::1", "2001:db8:2:0:ffff::77", "10.0.0.2", "2001:db8::2"} {
		mustRun(t, a, "ping", "-c1", "-W5", to)
	}
	got := strings.TrimSpace(mustRun(t, a, "ip", "route", "show", "dev", "eth1"))
	if want := "110.1.0.0/24 proto kernel scope link src 110.1.0.1"; got != want {
		t.Errorf("ip route show dev eth1: %q, want %q", got, want)
	}
	if got := mustRun(t, a, "ip", "addr"); strings.Contains(got, "tentative") {
		t.Errorf("an address is tentative:\n%s", got)
	}
}
