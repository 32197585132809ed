package interop

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What the router announces of the host red, and the peer of what is behind it.
var (
	ourV4 = route{rd: "65001:101", prefix: "10.1.0.2/32"}
	ourV6 = route{rd: "65001:101", prefix: "2001:db8:1::2/128"}
	farV4 = route{rd: "65002:101", prefix: "30.1.0.0/24", nextHop: farIPv4, label: 505, rts: []string{"65001:101"}}
	farV6 = route{rd: "65002:101", prefix: "2001:db8:30::/64", nextHop: farIPv6, label: 506, rts: []string{"65001:101"}}
)

// testRoute is the one that tests of sessions look at.
func (s *scene) testRoute() route {
	if s.plain {
		return route{prefix: "30.1.0.0/24", nextHop: "10.3.0.2"}
	}
	return farV4
}

// testVPNOverIPv4 and its twin look at labels, next hops, targets and paths on
// both sides, and that a withdrawal arrives.
func testVPNOverIPv4(t *testing.T, s *scene) { testVPN(t, s, s.terms()) }

func testVPNOverIPv6(t *testing.T, s *scene) {
	testVPN(t, s, terms{as: 65002, local: farIPv6, remote: ourIPv6})
}

func testVPN(t *testing.T, s *scene, c terms) {
	farV4 := farV4
	if c.six() {
		farV4.nextHop = farIPv6
	}
	s.begin(t, c, "", farV4, farV6)
	if p := s.session(t, c.local); !slices.Equal(p.Families, []string{"vpnv4", "vpnv6"}) {
		t.Errorf("the session has %v", p.Families)
	}
	s.arrives(t, "red", farV4)
	s.arrives(t, "red", farV6)
	for _, key := range []route{ourV4, ourV6} {
		got := s.hears(t, key)
		if got.label < 1000 || got.label > 1999 || !slices.Equal(got.rts, []string{"65001:101"}) || got.asPath != "65001" {
			t.Errorf("%s has heard %+v", s.make(), got)
		}
		hops := []string{c.remote, "::ffff:" + c.remote, "::ffff:c0a8:1", ourIPv4, ourIPv6}
		if s.make() == "FRR" && c.six() && !key.six() {
			hops = []string{"0.0.0.0"} // how FRR prints an IPv6 next hop of IPv4 as JSON
		}
		if !slices.Contains(hops, got.nextHop) {
			t.Errorf("%s has heard the next hop %s", s.make(), got.nextHop)
		}
	}
	for _, r := range []route{farV4, farV6} {
		s.withdraw(r)
		s.goes(t, 10*time.Second, "red", r)
	}
	host := "ip -n pw-" + s.lab.name + "-red link set eth0 "
	mustRun(t, strings.Fields(host+"down")...)
	t.Cleanup(func() { command(strings.Fields(host + "up")...) })
	eventually(t, 10*time.Second, func() error {
		if got := s.heard(ourV4); got != nil {
			return fmt.Errorf("the host is gone, and %s still has %+v", s.make(), *got)
		}
		return nil
	})
}

func testTypes(t *testing.T, s *scene) {
	types := []struct{ vrf, rd, rt, farRD string }{
		{"red", "65001:101", "65001:101", "65002:7"},
		{"blue", "10.10.10.1:102", "10.10.10.1:102", "10.10.10.2:7"},
		{"green", "4200000000:103", "4200000000:103", "4200000001:7"},
	}
	var routes []route
	for i, k := range types {
		routes = append(routes, route{rd: k.farRD, prefix: fmt.Sprintf("30.%d.0.0/24", i+1), nextHop: farIPv4, label: uint32(600 + i), rts: []string{k.rt}})
	}
	s.begin(t, s.terms(), "", routes...)
	for i, k := range types {
		s.arrives(t, k.vrf, routes[i])
		if got := s.hears(t, route{rd: k.rd, prefix: "10.1.0.2/32"}); !slices.Equal(got.rts, []string{k.rt}) {
			t.Errorf("%s has heard RD %s with route targets %v", s.make(), k.rd, got.rts)
		}
	}
}

// testAttributes sends communities from behind the peer to a customer of ours,
// and those of the customer back.
func testAttributes(t *testing.T, s *scene) {
	both := farV4
	both.rts = []string{"65001:101", "65001:999"}
	s.begin(t, s.terms(), "med: 100", both)
	s.arrives(t, "red", both)
	if got := s.path(t, "red", both.prefix, both.nextHop); got.MED == nil || *got.MED != sentMED || got.ASPath != "65002" || got.Origin != "igp" {
		t.Errorf("from %s: %+v", s.make(), *got)
	}
	eventually(t, 10*time.Second, func() error {
		out := s.exec("ce", "birdc", "-s", "/run/bird.ctl", "show", "route", "all", both.prefix).stdout
		for _, want := range []string{"BGP.as_path: 65001 65002", "(65002,7)", "(65002, 1, 2)"} {
			if !strings.Contains(out, want) {
				return fmt.Errorf("the customer misses %q in\n%s", want, out)
			}
		}
		return nil
	})
	got := s.hears(t, route{rd: "65001:101", prefix: "172.16.1.0/24"})
	if got.asPath != "65001 65100" || !slices.Equal(got.communities, []string{"65100:7"}) || !slices.Equal(got.large, []string{"65100:1:2"}) || got.med != 100 {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
}

func testInternal(t *testing.T, s *scene) {
	c := s.terms()
	c.as = ourAS
	s.begin(t, c, "", farV4)
	s.arrives(t, "red", farV4)
	if got := s.path(t, "red", farV4.prefix, farV4.nextHop); got.LocalPref == nil || *got.LocalPref != sentLocalPref || got.ASPath != "" {
		t.Errorf("from %s: %+v", s.make(), *got)
	}
	if got := s.hears(t, ourV4); got.localPref != 100 || got.asPath != "" {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
}

// testPolicies has policies change what comes from the peer and what it is told,
// and keep a route of each away.
func testPolicies(t *testing.T, s *scene) {
	const policies = `
policies:
  in:
  - {match: {prefixes: 31.1.0.0/16}, then: reject}
  - {match: {communities: "65002:7", large-communities: "65002:1:*", as-path: "^65002$"}, set: {local-pref: 300, med: 7}}
  out:
  - {match: {communities: "65100:7"}, then: reject}
  - {set: {med: 77, prepend: 2, communities: {add: "65001:55"}, large-communities: {add: "65001:5:5"}, rts: {add: "65001:888"}}}
`
	s.text += policies
	refused := farV4
	refused.prefix = "31.1.0.0/16"
	s.begin(t, s.terms(), "import-policy: in, export-policy: out", farV4, refused)
	s.arrives(t, "red", farV4)
	if got := s.path(t, "red", farV4.prefix, farV4.nextHop); got.LocalPref == nil || *got.LocalPref != 300 || got.MED == nil || *got.MED != 7 {
		t.Errorf("from %s: %+v", s.make(), *got)
	}
	if got := s.path(t, "red", refused.prefix, refused.nextHop); got != nil {
		t.Errorf("a route that a policy rejects is there: %+v", *got)
	}
	got := s.hears(t, ourV4)
	if got.asPath != "65001 65001 65001" || got.med != 77 || !slices.Equal(got.communities, []string{"65001:55"}) ||
		!slices.Equal(got.large, []string{"65001:5:5"}) || !slices.Equal(got.rts, []string{"65001:101", "65001:888"}) {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
	if got := s.heard(route{rd: "65001:101", prefix: "172.16.1.0/24"}); got != nil {
		t.Errorf("%s has heard a route that a policy rejects: %+v", s.make(), *got)
	}
}

func testPassive(t *testing.T, s *scene) { s.begin(t, s.terms(), "passive: true") }

func testPeerPassive(t *testing.T, s *scene) {
	c := s.terms()
	c.passive = true
	s.begin(t, c, "")
}

// counter reads one of the kernel's counters of a namespace.
func counter(t *testing.T, netns, name string) int {
	t.Helper()
	out := mustRun(t, "nsenter", "--net="+netns, "cat", "/proc/net/netstat")
	lines := strings.Split(out, "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		if k := slices.Index(names, name); k >= 0 {
			n := 0
			_, _ = fmt.Sscan(values[k], &n)
			return n
		}
	}
	t.Fatalf("the kernel does not count %s", name)
	return 0
}

// refused waits until the kernel of the router has dropped segments of the
// peer for a reason, and checks that no session came of them.
func (s *scene) refused(t *testing.T, c terms, reasons ...string) {
	t.Helper()
	netns := s.netns("pe1")
	if s.plain {
		netns = s.portNetns(t)
	}
	sum := func() (n int) {
		for _, r := range reasons {
			n += counter(t, netns, r)
		}
		return n
	}
	before := sum()
	eventually(t, 20*time.Second, func() error {
		if now := sum(); now <= before {
			return fmt.Errorf("%v of %s is %d, was %d", reasons, netns, now, before)
		}
		return nil
	})
	if p := s.session(t, c.local); p.State == "established" {
		t.Errorf("the session is up: %+v", p)
	}
}

// portNetns is the namespace of the router's sessions with the customer.
func (s *scene) portNetns(t *testing.T) string {
	t.Helper()
	return s.netns("pe1") + "+" + s.port(t, "peer")
}

func testMD5(t *testing.T, s *scene) {
	right := s.terms()
	right.password = "secret"
	s.begin(t, right, "", s.testRoute())
	s.arrives(t, "red", s.testRoute())
	wrong := right
	wrong.password = "other"
	s.start(wrong)
	s.refused(t, right, "TCPMD5Failure")
	s.start(right)
	s.established(t, right.local)
}

func testGTSM(t *testing.T, s *scene) {
	c := s.terms()
	c.gtsm = true
	s.begin(t, c, "", s.testRoute())
	s.arrives(t, "red", s.testRoute())
	without := c
	without.gtsm = false
	s.start(without)
	s.refused(t, c, "TCPMinTTLDrop")
}

func testRefresh(t *testing.T, s *scene) {
	if s.make() == "gobgpd" {
		t.Skip("gobgpd asks no peer: it keeps what it has received")
	}
	c := s.terms()
	s.begin(t, c, "")
	key := ourV4
	if s.plain {
		key.rd = ""
	}
	s.hears(t, key)
	before := 0
	eventually(t, 10*time.Second, func() error { // until nothing more comes by itself
		was := before
		if before = s.updates(); before == 0 || before != was {
			return fmt.Errorf("%d updates have come", before)
		}
		return nil
	})
	s.refresh()
	eventually(t, 15*time.Second, func() error {
		if n := s.updates(); n <= before {
			return fmt.Errorf("after a refresh %d updates have come, before %d", n, before)
		}
		return nil
	})
	s.clears(t, c)
	s.hears(t, key)
}

func testPeerRestarts(t *testing.T, s *scene) {
	if s.plain {
		whole(t)
	}
	c := s.terms()
	c.restart = 6
	r := s.testRoute()
	s.begin(t, c, "", r)
	s.arrives(t, "red", r)
	died := time.Now()
	s.kill(t)
	s.down(t, c)
	if s.path(t, "red", r.prefix, r.nextHop) == nil {
		t.Fatal("the route has gone with the session")
	}
	s.start(c)
	for s.session(t, c.local).State != "established" {
		if s.path(t, "red", r.prefix, r.nextHop) == nil {
			t.Fatalf("the route has gone %s after the end of the session", time.Since(died))
		}
	}
	s.arrives(t, "red", r)
	s.kill(t)
	died = time.Now()
	s.goes(t, time.Duration(c.restart)*time.Second+10*time.Second, "red", r)
	if kept := time.Since(died); kept < time.Duration(c.restart-1)*time.Second {
		t.Errorf("the route has gone after %s; the restart time is %d s", kept, c.restart)
	}
}

// kill ends the peer without a word.
func (s *scene) kill(t *testing.T) {
	t.Helper()
	if err := s.process().Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
}

// down waits until the router knows that the session is down.
func (s *scene) down(t *testing.T, c terms) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if p := s.session(t, c.local); p.State == "established" {
			return fmt.Errorf("the session is still %s", p.State)
		}
		return nil
	})
}

func testRouterRestarts(t *testing.T, s *scene) {
	if s.make() == "ExaBGP" {
		t.Skip("ExaBGP keeps no table")
	}
	c := s.terms()
	c.restart = 60
	s.begin(t, c, "")
	s.hears(t, ourV4)
	before := s.lab.agent(t)
	since := s.session(t, c.local).Since
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 40*time.Second, func() error {
		if s.heard(ourV4) == nil {
			t.Fatalf("%s has not kept the route", s.make())
		}
		p, err := s.trySession(c.local)
		if err == nil && (p.State != "established" || !p.Since.After(since)) {
			err = fmt.Errorf("the session is %s", p.State)
		}
		return err
	})
}

func testPeerKilled(t *testing.T, s *scene) {
	c := s.terms()
	r := s.testRoute()
	s.begin(t, c, "", r)
	s.arrives(t, "red", r)
	s.kill(t)
	s.goes(t, 3*time.Second, "red", r)
	s.start(c)
	s.arrives(t, "red", r)
}

func testPeerHangs(t *testing.T, s *scene) {
	whole(t)
	c := s.terms()
	s.begin(t, c, "", farV4)
	s.arrives(t, "red", farV4)
	if err := s.process().Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.goes(t, (holdTime+3)*time.Second, "red", farV4)
	if err := s.process().Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.arrives(t, "red", farV4)
}

func testCarrier(t *testing.T, s *scene) {
	c := s.terms()
	s.begin(t, c, "", farV4)
	s.arrives(t, "red", farV4)
	mustRun(t, "ip", "-n", farNetns, "link", "set", farNIC, "down")
	t.Cleanup(func() { command("ip", "-n", farNetns, "link", "set", farNIC, "up") })
	eventually(t, 3*time.Second, func() error {
		if got := s.path(t, "red", farV4.prefix, farV4.nextHop); got != nil && got.Best {
			return fmt.Errorf("the route is still used: %+v", *got)
		}
		return nil
	})
	eventually(t, 3*time.Second, func() error {
		if p := s.session(t, c.local); p.State == "established" {
			return fmt.Errorf("the session is still %s", p.State)
		}
		return nil
	})
	mustRun(t, "ip", "-n", farNetns, "link", "set", farNIC, "up")
	command("ip", "-n", farNetns, "addr", "replace", farIPv6+"/64", "dev", farNIC, "nodad") // it went with the link
	s.start(c)
	s.arrives(t, "red", farV4)
}

// testTooMany has a limit below the number of our own routes: FRR tells them back,
// and what loops is not counted.
func testTooMany(t *testing.T, s *scene) {
	c := s.terms()
	s.begin(t, c, "max-prefixes: 2", s.testRoute())
	s.arrives(t, "red", s.testRoute())
	var more []route
	for i := range 16 {
		r := s.testRoute()
		r.prefix = fmt.Sprintf("31.%d.0.0/24", i)
		more = append(more, r)
	}
	s.announce(more...)
	eventually(t, 10*time.Second, func() error {
		if p := s.session(t, c.local); p.State == "established" || !strings.Contains(p.Reason, "more than 2 prefixes") {
			return fmt.Errorf("the session is %s: %q", p.State, p.Reason)
		}
		return nil
	})
	s.goes(t, 5*time.Second, "red", s.testRoute())
}

func testShutdown(t *testing.T, s *scene) {
	c := s.terms()
	s.begin(t, c, "", s.testRoute())
	s.arrives(t, "red", s.testRoute()) // the session is up at both ends
	words := "maintenance until noon"
	s.shutdown(words)
	if s.make() == "ExaBGP" || s.make() == "gobgpd" { // they send no words, only the subcode
		words = "administrative shutdown"
	}
	eventually(t, 10*time.Second, func() error {
		said := s.session(t, c.local).LastError + "\n" + command(program, "logs", "--lab", labName, "pe1").stdout
		if !strings.Contains(strings.ToLower(said), words) {
			return fmt.Errorf("the router does not say %q:\n%s", words, said[max(0, len(said)-1000):])
		}
		return nil
	})
	if s.make() == "ExaBGP" {
		return // it connects again
	}
	s.goes(t, 3*time.Second, "red", s.testRoute())
}
