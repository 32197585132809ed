package hosts

import (
	"context"
	"errors"
	"fmt"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// twoHosts makes two hosts on one wire; each has a LAN, and routes to the
// other's.
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
	if _, err := Configure(context.Background(), ns.Path(), n); err != nil {
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

// Below an MTU of 1280 the kernel disables IPv6 on an interface; IPv4 works
// there, and IPv6 returns with a larger MTU.
func TestRealConfigureMTUWithoutIPv6(t *testing.T) {
	needRoot(t)
	a, b := newHost(t), newHost(t)
	wire(t, a, b)
	for _, mtu := range []int{576, 1500, 68} {
		for i, ns := range []Namespace{a, b} {
			configureHost(t, ns, Network{Interfaces: []Interface{
				{Name: "eth0", MTU: mtu, Addresses: prefixes(fmt.Sprintf("10.0.0.%d/24", i+1))},
			}})
		}
		mustRun(t, a, "ping", "-c1", "-W5", "-s8", "10.0.0.2")
		has := strings.Contains(mustRun(t, a, "ip", "-6", "addr", "show", "dev", "eth0"), "fe80::")
		if has != (mtu >= 1280) {
			t.Errorf("MTU %d: IPv6 on the interface: %t", mtu, has)
		}
	}
}

func TestRealConfigureTwiceChangesNothing(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	// Messages about the first run arrive for a while.
	eventually(t, "configured again without a change", func() bool {
		heard := startMonitor(t, a)
		changed, err := Configure(context.Background(), a.Path(), n)
		if err != nil {
			t.Fatal(err)
		}
		events := heard()
		t.Log(events)
		return events == "" && !changed
	})
}

// startMonitor listens to every netlink change inside. The returned function
// stops it and returns what it heard.
func startMonitor(t *testing.T, ns Namespace) func() string {
	t.Helper()
	done := make(chan struct{})
	links, addrs, routes := make(chan netlink.LinkUpdate), make(chan netlink.AddrUpdate), make(chan netlink.RouteUpdate)
	file, err := os.Open(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	handle := netns.NsHandle(file.Fd())
	for _, err := range []error{
		netlink.LinkSubscribeWithOptions(links, done, netlink.LinkSubscribeOptions{Namespace: &handle}),
		netlink.AddrSubscribeWithOptions(addrs, done, netlink.AddrSubscribeOptions{Namespace: &handle}),
		netlink.RouteSubscribeWithOptions(routes, done, netlink.RouteSubscribeOptions{Namespace: &handle}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	file.Close()
	changes := describeChanges(links, addrs, routes)
	return func() string {
		// A change of our own marks the end.
		mustRun(t, ns, "ip", "link", "add", "name", "last", "type", "bridge")
		var heard strings.Builder
		for c := range changes {
			if c == "link last" {
				break
			}
			heard.WriteString(c + "\n")
		}
		close(done)
		mustRun(t, ns, "ip", "link", "delete", "last")
		return heard.String()
	}
}

// describeChanges merges netlink changes until links is closed.
func describeChanges(links <-chan netlink.LinkUpdate, addrs <-chan netlink.AddrUpdate, routes <-chan netlink.RouteUpdate) <-chan string {
	changes := make(chan string, 1000)
	go func() {
		defer close(changes)
		for {
			select {
			case u, ok := <-links:
				if !ok {
					return
				}
				changes <- fmt.Sprintf("link %s", u.Attrs().Name)
			case u := <-addrs:
				changes <- fmt.Sprintf("address %s", u.LinkAddress.String())
			case u := <-routes:
				changes <- fmt.Sprintf("route %s", u.Route)
			}
		}
	}()
	return changes
}

func TestRealConfigureFollowsAnEdit(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	mustRun(t, a, "ip", "route", "add", "203.0.113.0/24", "via", "10.0.0.2") // a user's: another protocol
	mustRun(t, a, "ip", "link", "add", "name", "mine", "type", "bridge")
	lan := link(t, a, "eth1").Attrs().Index
	n.Interfaces[0].Addresses = prefixes("10.0.0.9/24", "2001:db8::9/64")
	n.Interfaces = append(n.Interfaces, Interface{Name: "eth2", LAN: true, Addresses: prefixes("110.9.0.1/24")})
	n.Routes[0].Prefix = netip.MustParsePrefix("198.51.100.0/24")
	n.Forward = true
	configureHost(t, a, n)

	addresses := mustRun(t, a, "ip", "-o", "addr", "show", "dev", "eth0", "scope", "global")
	for text, want := range map[string]bool{"10.0.0.9/24": true, "2001:db8::9/64": true, "10.0.0.1/24": false, "2001:db8::1/64": false} {
		if strings.Contains(addresses, text) != want {
			t.Errorf("%s on eth0: want %v\n%s", text, want, addresses)
		}
	}
	routes := mustRun(t, a, "ip", "route")
	for text, want := range map[string]bool{
		"default": false, "198.51.100.0/24 via 10.0.0.2 dev eth0": true, "203.0.113.0/24 via 10.0.0.2": true, "110.9.0.0/24 dev eth2": true,
	} {
		if strings.Contains(routes, text) != want {
			t.Errorf("route %s: want %v\n%s", text, want, routes)
		}
	}
	if got := link(t, a, "eth1").Attrs().Index; got != lan {
		t.Error("the LAN was made again")
	}
	if got := strings.TrimSpace(mustRun(t, a, "cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding")); got != "1\n1" {
		t.Errorf("forwarding is %q", got)
	}

	n.Interfaces = n.Interfaces[:1]
	configureHost(t, a, n)
	if link(t, a, "eth1") != nil || link(t, a, "eth2") != nil {
		t.Error("LANs that are not wanted stay")
	}
	if link(t, a, "mine") == nil {
		t.Error("a user's interface was removed")
	}
}

func TestRealConfigureHealsWhatAUserBroke(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	mustRun(t, a, "sh", "-c", `ip link set eth0 down; ip addr flush dev eth1; ip route flush table local proto static
		ip addr add 10.7.7.7/24 dev eth0; echo 0 >/proc/sys/net/ipv4/conf/all/arp_notify`)
	configureHost(t, a, n)
	for _, to := range []string{"110.2.0.5", "2001:db8:2::5"} {
		mustRun(t, a, "ping", "-c1", "-W5", to)
	}
	mustRun(t, a, "ping", "-c1", "-W5", "110.1.0.99")
	if out := mustRun(t, a, "ip", "addr"); strings.Contains(out, "10.7.7.7") {
		t.Errorf("an address that is not wanted stays:\n%s", out)
	}
}

// Addresses that a program has given to a host stay where that is allowed; those of an
// earlier edit go.
func TestRealConfigureLeavesAddressesOfPrograms(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	mustRun(t, a, "sh", "-c", "ip address add 10.0.0.254/24 dev eth0; ip address add 2001:db8::fe/64 dev eth0 nodad")
	n.Guests = true
	n.Interfaces[0].Dropped = n.Interfaces[0].Addresses
	n.Interfaces[0].Addresses = prefixes("10.0.0.9/24", "2001:db8::9/64")
	configureHost(t, a, n)
	have := func(what string, wanted map[string]bool) {
		t.Helper()
		addresses := mustRun(t, a, "ip", "-o", "addr", "show", "dev", "eth0", "scope", "global")
		for text, want := range wanted {
			if strings.Contains(addresses, text) != want {
				t.Errorf("%s: %s on eth0: want %v\n%s", what, text, want, addresses)
			}
		}
	}
	have("edited", map[string]bool{
		"10.0.0.254/24": true, "2001:db8::fe/64": true, "10.0.0.9/24": true, "2001:db8::9/64": true, "10.0.0.1/24": false, "2001:db8::1/64": false,
	})
	n.Guests = false
	configureHost(t, a, n)
	have("no longer allowed", map[string]bool{"10.0.0.254/24": false, "2001:db8::fe/64": false, "10.0.0.9/24": true})
}

func TestRealConfigureFindsTheLoopbackUnderAnyName(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	mustRun(t, a, "sh", "-c", "ip link set lo down; ip link set lo name lox")
	configureHost(t, a, n)
	mustRun(t, a, "ip", "link", "show", "lo")
	mustRun(t, a, "ping", "-c1", "-W5", "127.0.0.1")

	mustRun(t, a, "sh", "-c", "ip link set lo down; ip link set lo name lox; ip link add name lo type bridge")
	configureHost(t, a, n)
	mustRun(t, a, "ping", "-c1", "-W5", "127.0.0.1")
	if out := mustRun(t, a, "ip", "link", "show", "lo"); !strings.Contains(out, "state DOWN") {
		t.Errorf("an interface of others was touched:\n%s", out)
	}
}

func TestRealConfigureSharesEqualRoutes(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	for _, via := range []string{"10.0.0.3", "2001:db8::3"} {
		addr := netip.MustParseAddr(via)
		bits := map[bool]string{true: "0.0.0.0/0", false: "::/0"}[addr.Is4()]
		n.Routes = append(n.Routes, Route{netip.MustParsePrefix(bits), addr, "eth0"})
	}
	for range 2 {
		configureHost(t, a, n)
	}
	for family, hops := range map[string][]string{"-4": {"10.0.0.2", "10.0.0.3"}, "-6": {"2001:db8::2", "2001:db8::3"}} {
		out := mustRun(t, a, "ip", family, "route", "show", "default")
		for _, h := range hops {
			if strings.Count(out, "via "+h+" ") != 1 {
				t.Errorf("%s once in:\n%s", h, out)
			}
		}
	}
	n.Routes = n.Routes[2:]
	configureHost(t, a, n)
	if out := mustRun(t, a, "ip", "route", "show", "default"); !strings.HasPrefix(out, "default via 10.0.0.3 dev eth0") {
		t.Errorf("after one of two is gone: %s", out)
	}
}

func TestRealConfigureNeedsItsWireAndLeavesOthersAlone(t *testing.T) {
	needRoot(t)
	a := newHost(t)
	n := Network{Interfaces: []Interface{{Name: "eth0", Addresses: prefixes("10.0.0.1/24")}}}
	if _, err := Configure(context.Background(), a.Path(), n); err == nil || !strings.Contains(err.Error(), "eth0") {
		t.Errorf("without its wire: %v", err)
	}
	mustRun(t, a, "ip", "link", "add", "name", "eth0", "type", "bridge")
	for _, lan := range []bool{false, true} {
		n.Interfaces[0].LAN = lan
		if _, err := Configure(context.Background(), a.Path(), n); !errors.Is(err, ErrForeign) {
			t.Errorf("LAN %v, an interface of others: %v, want ErrForeign", lan, err)
		}
	}
	if out := mustRun(t, a, "ip", "addr", "show", "eth0"); strings.Contains(out, "10.0.0.1") {
		t.Errorf("it was touched:\n%s", out)
	}
}

func TestNetworkIsChecked(t *testing.T) {
	eth0 := Interface{Name: "eth0", Addresses: prefixes("10.0.0.1/24")}
	route := Route{netip.MustParsePrefix("::/0"), netip.MustParseAddr("fe80::1"), "eth0"}
	if err := (Network{Interfaces: []Interface{eth0}, Routes: []Route{route}}).check(); err != nil {
		t.Error(err)
	}
	for name, n := range map[string]Network{
		"twice":        {Interfaces: []Interface{eth0, eth0}},
		"no interface": {Routes: []Route{route}},
		"other family": {Interfaces: []Interface{eth0}, Routes: []Route{{netip.MustParsePrefix("::/0"), netip.MustParseAddr("10.0.0.2"), "eth0"}}},
		"no prefix":    {Interfaces: []Interface{eth0}, Routes: []Route{{Interface: "eth0"}}},
		"SLAAC on LAN": {Interfaces: []Interface{{Name: "eth1", LAN: true, SLAAC: true}}},
		"bad address":  {Interfaces: []Interface{{Name: "eth1", Addresses: []netip.Prefix{{}}}}},
		"bad MAC":      {Interfaces: []Interface{{Name: "eth1", MAC: []byte{1}}}},
	} {
		if n.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
