package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// uplinkOf returns whether a router is cut off from the core.
func uplinkOf(t testing.TB, l lab, router string) status.UplinkState {
	t.Helper()
	for _, c := range table[status.CoreLink](t, l, "core", "--router", router) {
		return c.Uplink
	}
	t.Fatalf("router %s has no links of the core", router)
	return ""
}

// portTo returns the port of a router to a host.
func portTo(t testing.TB, l lab, router, host string) status.Interface {
	t.Helper()
	for _, i := range table[status.Interface](t, l, "interface", "--router", router) {
		if i.Host == host {
			return i
		}
	}
	t.Fatalf("router %s has no port to %s", router, host)
	return status.Interface{}
}

// portIs waits until a port is up, or down because of the core.
func portIs(t testing.TB, l lab, router, host string, up bool) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if i := portTo(t, l, router, host); (i.Oper == status.InterfaceUp) != up || i.Tracked() == up {
			return fmt.Errorf("the port of %s to %s: %+v", router, host, i)
		}
		return nil
	})
}

// lanAddresses lists the addresses of a host on so many LANs.
func lanAddresses(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("10.8.%d.1/24", i+1))
	}
	return strings.Join(list, ", ")
}

// leavingOn returns one of these addresses to which a host with several ways sends on an
// interface.
func leavingOn(t testing.TB, l lab, host, iface string, n int) netip.Addr {
	t.Helper()
	for i := range n {
		to := fmt.Sprintf("10.8.%d.1", i+1)
		if strings.Contains(l.mustExec(t, host, "ip", "route", "get", to), " dev "+iface+" ") &&
			strings.Contains(l.mustExec(t, host, "ip", "route", "get", to, "from", "10.2.0.2"), " dev "+iface+" ") {
			return netip.MustParseAddr(to)
		}
	}
	t.Fatalf("%s sends nothing on %s", host, iface)
	return netip.Addr{}
}

// A host with two PEs uses the other one while the first is cut off from the core, whatever
// cuts it off, and returns to it. What link has cut stays cut, and up changes nothing.
func TestRealUplinkTracking(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(greyCore, "pwt-grey", "pwt-uplink")
	l := fromText(t, t.TempDir(), "pwt-uplink", strings.NewReplacer(
		"router: {as: 65000}", "router: {as: 65000, uplink-tracking: {delay: 1s}}",
		"addresses: [10.1.0.2/24]}", "addresses: [10.1.0.2/24], lans: ["+lanAddresses(16)+"]}",
		"addresses: [10.2.0.2/24]}", "addresses: [10.2.0.2/24], routes: [0.0.0.0/0]}").Replace(text))
	l.up(t)
	in := func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", l.name)...) }
	both := func(args ...string) func() {
		return func() {
			in(append([]string{"link", "pe2:eth1"}, args...)...)
			in(append([]string{"link", "pe2:eth2"}, args...)...)
		}
	}
	from := startStream(t, l, "b", "a", leavingOn(t, l, "b", "eth0", 16))
	from.getsPackets(t, l, "pe2", portTo(t, l, "pe2", "b").Name, true)

	t.Logf("both links of pe2 are cut: %s without packets of the host", from.outage(t, both("down")))
	portIs(t, l, "pe2", "b", false)
	tellsOfCutOff(t, l)
	cutBesides(t, l)
	killAgent(t, l, "pe2")
	eventually(t, 20*time.Second, func() error { // the next agent
		if r := pseudowan("show", "core", "--router", "pe2", "--lab", l.name); r.code != 0 || !strings.Contains(r.stdout, " down\n") {
			return fmt.Errorf("pe2 is not cut off:\n%s%s", r.stdout, r.stderr)
		}
		return nil
	})
	portIs(t, l, "pe2", "b", false)
	if lost := from.outage(t, func() { both("up")(); portIs(t, l, "pe2", "b", true) }); lost > patience(500*time.Millisecond) { // Open vSwitch notices the port
		t.Errorf("%s without packets of the host when pe2 returns", lost)
	}
	from.getsPackets(t, l, "pe2", portTo(t, l, "pe2", "b").Name, true)

	t.Logf("both links of pe2 lose all packets, BFD of 100 ms * 3: %s without packets of the host", from.outage(t, func() { loseByHand(t, l) }))
	portIs(t, l, "pe2", "b", false)
	upLeaves(t, l)
	for _, p := range []string{"p1", "p2"} {
		l.mustExec(t, p, "nft", "delete", "table", "netdev", "byhand")
	}
	portIs(t, l, "pe2", "b", true)
	must(t, "up", l.file, "--runtime", "netns") // it tells of the agent that was killed
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
		t.Errorf("up says:\n%s", out)
	}
	l.sound(t, "--tables")
}

// tellsOfCutOff tests that every table says why the port of pe2 is down.
func tellsOfCutOff(t *testing.T, l lab) {
	t.Helper()
	if i := portTo(t, l, "pe2", "b"); i.Fault != status.FaultTracking || i.Admin != status.InterfaceDown {
		t.Errorf("show interface: %+v", i)
	}
	if u := uplinkOf(t, l, "pe2"); u != status.UplinkDown {
		t.Errorf("show core: the uplink of pe2 is %q", u)
	}
	if u := uplinkOf(t, l, "pe3"); u != status.UplinkUp {
		t.Errorf("show core: the uplink of pe3 is %q", u)
	}
	port := portTo(t, l, "pe2", "b").Name
	for command, want := range map[string]string{
		"ps":                                  "eth0:uplink-tracking",
		"events":                              "cut off from the core",
		"explain pe2 red 10.2.0.0/24":         "the port " + port + " of pe2 to host b is down: pe2 is cut off from the core (uplink-tracking)",
		"verify --from a --to b --timeout 1s": "pe2 is cut off from the core",
	} {
		if r := pseudowan(append(strings.Fields(command), "--lab", l.name)...); !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("%s has no %q:\n%s%s", command, want, r.stdout, r.stderr)
		}
	}
}

// cutBesides cuts the host's link while pe2 is cut off, and mends it: the port stays down.
func cutBesides(t *testing.T, l lab) {
	t.Helper()
	must(t, "link", "b:eth0", "down", "--lab", l.name)
	if i := portTo(t, l, "pe2", "b"); i.Fault != "down,uplink-tracking" {
		t.Errorf("cut besides: %+v", i)
	}
	if out := must(t, "link", "b:eth0", "up", "--lab", l.name); !strings.Contains(out, "is down as long as its router is cut off") {
		t.Errorf("link up says:\n%s", out)
	}
	portIs(t, l, "pe2", "b", false)
	must(t, "link", "b:eth0", "down", "--lab", l.name)
	must(t, "link", "pe2:eth1", "up", "--lab", l.name)
	eventually(t, 20*time.Second, func() error {
		if i := portTo(t, l, "pe2", "b"); i.Fault != "down" || i.Oper != status.InterfaceDown {
			return fmt.Errorf("cut by hand, and back in the core: %+v", i)
		}
		return nil
	})
	must(t, "link", "pe2:eth1", "down", "--lab", l.name)
	eventually(t, 20*time.Second, func() error {
		if i := portTo(t, l, "pe2", "b"); i.Fault != "down,uplink-tracking" {
			return fmt.Errorf("cut by hand, and then cut off: %+v", i)
		}
		return nil
	})
	must(t, "link", "b:eth0", "up", "--lab", l.name)
	portIs(t, l, "pe2", "b", false)
}

// loseByHand has P routers lose what they send to pe2, which no command undoes.
func loseByHand(t *testing.T, l lab) {
	t.Helper()
	for router, port := range map[string]string{"p1": "eth3", "p2": "eth4"} {
		l.mustExec(t, router, "nft", "add table netdev byhand; add chain netdev byhand lose { type filter hook egress device "+port+" priority 0; policy drop; }")
	}
}

// upLeaves tests that up leaves the port of a router down that it cannot help.
func upLeaves(t *testing.T, l lab) {
	t.Helper()
	r := pseudowan("up", l.file, "--runtime", "netns", "--timeout", "1s")
	if r.code != 3 || strings.Contains(r.stdout, portTo(t, l, "pe2", "b").Name) {
		t.Errorf("up ends with %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = pseudowan("audit", "--tables", l.name)
	if !strings.Contains(r.stdout, "it is cut off from the core, and its ports to customers are down (uplink-tracking)") || strings.Contains(r.stdout, "wire") {
		t.Errorf("audit says:\n%s%s", r.stdout, r.stderr)
	}
	portIs(t, l, "pe2", "b", false)
}
