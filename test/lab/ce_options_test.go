package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// What a VRF does beside routing, with FRR, BIRD and GoBGP as CEs, and edits of it while
// they speak.
func TestRealVRFOptions(t *testing.T) {
	needs(t, "vtysh", "bird", "birdc", "gobgpd", "gobgp")
	l := fromTestdata(t, "ce-options.yaml", "pwt-ceopt")
	l.up(t)
	siteOfOrigin(t, l)
	aggregates(t, l)
	defaultRoute(t, l)
	maximumRoutes(t, l)
	editedOptions(t, l)
}

// frrHears waits until a host that runs FRR has a route of its provider, or has none, and returns
// what FRR says of it.
func (l lab) frrHears(t *testing.T, host, prefix string, wanted bool) (out string) {
	t.Helper()
	family := "ipv4"
	if strings.Contains(prefix, ":") {
		family = "ipv6"
	}
	eventually(t, 20*time.Second, func() error {
		r := l.exec(host, "vtysh", "-c", "show bgp "+family+" unicast "+prefix)
		out = r.stdout
		if strings.Contains(out, "Paths:") != wanted {
			return fmt.Errorf("%s: route %s wanted %t:\n%s", host, prefix, wanted, out)
		}
		return nil
	})
	return out
}

func (l lab) birdHears(t *testing.T, host, prefix string, wanted bool) (out string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		r := l.exec(host, "birdc", "-s", "/run/bird.ctl", "show", "route", "all", prefix) // fails where there is none
		out = r.stdout
		if strings.Contains(out, "BGP.as_path") != wanted {
			return fmt.Errorf("%s: route %s wanted %t:\n%s", host, prefix, wanted, out)
		}
		return nil
	})
	return out
}

func (l lab) gobgpHears(t *testing.T, host, prefix string, wanted bool) (out string) {
	t.Helper()
	family := "ipv4"
	if strings.Contains(prefix, ":") {
		family = "ipv6"
	}
	eventually(t, 20*time.Second, func() error {
		r := l.exec(host, "gobgp", "global", "rib", "-a", family, prefix)
		if out = r.stdout + r.stderr; strings.Contains(out, "65000") != wanted {
			return fmt.Errorf("%s: route %s wanted %t:\n%s", host, prefix, wanted, out)
		}
		return nil
	})
	return out
}

// A site with two attachments does not get its own routes back, whether a CE has announced
// them or they are connected; others do.
func siteOfOrigin(t *testing.T, l lab) {
	t.Helper()
	for _, prefix := range []string{"172.16.1.0/24", "2001:db8:a1::/64"} {
		l.gobgpHears(t, "far", prefix, true)
		r := l.waitRoute(t, "pe2", "red", prefix, true)
		if !slices.Equal(r.SoO, []string{"65000:7"}) {
			t.Errorf("%s of east at pe2: %+v", prefix, r)
		}
	}
	l.frrHears(t, "east", "10.3.0.0/24", true)
	l.frrHears(t, "east", "2001:db8:3::/64", true)
	l.birdHears(t, "west", "2001:db8:3::/64", true)
	for _, prefix := range []string{"172.16.2.0/24", "10.2.0.0/24", "2001:db8:a2::/64", "2001:db8:2::/64"} {
		l.frrHears(t, "east", prefix, false)
	}
	for _, prefix := range []string{"172.16.1.0/24", "10.1.0.0/24", "2001:db8:a1::/64", "2001:db8:1::/64"} {
		l.birdHears(t, "west", prefix, false)
	}
	i := slices.IndexFunc(table[status.Peer](t, l, "peer", "--router", "pe1"), func(p status.Peer) bool { return p.SoO == "65000:7" })
	if i < 0 {
		t.Error("show peer does not name the site of east")
	}
	if out := must(t, "show", "neighbor", "east", "--lab", l.name); !strings.Contains(out, "65000:7") {
		t.Errorf("show neighbor east:\n%s", out)
	}
}

// An aggregate stands for what is more specific. Packets to its holes end at the router that
// has made it.
func aggregates(t *testing.T, l lab) {
	t.Helper()
	r := l.waitRoute(t, "pe2", "red", "172.20.0.0/16", true)
	if r.Source != status.SourceAggregate || r.ASPath != "" || r.Origin != "incomplete" && r.Origin != "igp" {
		t.Errorf("at pe2: %+v", r)
	}
	l.waitRoute(t, "pe1", "red", "172.20.0.0/16", true)
	l.waitRoute(t, "pe1", "red", "172.20.1.0/24", false)
	l.waitRoute(t, "pe2", "red", "172.20.1.0/24", true)
	out := l.frrHears(t, "east", "172.20.0.0/16", true)
	for _, want := range []string{"aggregated by 65000 10.255.0.2", "atomic-aggregate"} {
		if !strings.Contains(out, want) {
			t.Errorf("east has heard, without %q:\n%s", want, out)
		}
	}
	l.frrHears(t, "east", "172.20.1.0/24", false)
	l.birdHears(t, "west", "172.20.1.0/24", false)
	l.birdHears(t, "west", "172.20.0.0/16", true)
	l.frrHears(t, "east", "2001:db8:a000::/36", true)
	l.frrHears(t, "east", "2001:db8:a003::/64", true) // not summary-only
	l.pings(t, "east", "-I", "172.16.1.1", "172.20.1.1")
	l.pings(t, "east", "-I", "2001:db8:a1::1", "2001:db8:a003::1")
	if r := l.exec("east", "ping", "-n", "-c", "1", "-W", "3", "-I", "172.16.1.1", "172.20.99.1"); r.code == 0 || !strings.Contains(r.stdout, "Unreachable") {
		t.Errorf("a hole of the aggregate: exit %d\n%s", r.code, r.stdout)
	}
	explained := must(t, "explain", "pe1", "red", "172.20.1.0/24", "--lab", l.name)
	if !strings.Contains(explained, "an aggregate of VRF red of pe2 stands for it (summary-only)") {
		t.Errorf("explain:\n%s", explained)
	}
	l.tell(t, "far", "del", "172.20.1.0/24")
	l.waitRoute(t, "pe2", "red", "172.20.1.0/24", false)
	l.waitRoute(t, "pe1", "red", "172.20.0.0/16", true)
	l.tell(t, "far", "del", "172.20.2.0/24")
	l.waitRoute(t, "pe1", "red", "172.20.0.0/16", false)
	l.waitRoute(t, "pe2", "red", "172.20.0.0/16", false)
	for _, prefix := range []string{"172.20.1.0/24", "172.20.2.0/24"} {
		l.tell(t, "far", "add", prefix, "origin", "igp")
	}
	l.waitRoute(t, "pe1", "red", "172.20.0.0/16", true)
}

// The host that is to have a default route gets one, the others do not.
func defaultRoute(t *testing.T, l lab) {
	t.Helper()
	for _, prefix := range []string{"0.0.0.0/0", "::/0"} {
		l.gobgpHears(t, "far", prefix, true)
		l.frrHears(t, "east", prefix, false)
		l.waitRoute(t, "pe2", "red", prefix, false)
	}
}

// vrf returns what a router shows of a VRF.
func (l lab) vrf(t *testing.T, router, name string) status.VRF {
	t.Helper()
	rows := table[status.VRF](t, l, "vrf", "--router", router, "--vrf", name)
	if len(rows) != 1 {
		t.Fatalf("%s has %d VRFs %s", router, len(rows), name)
	}
	return rows[0]
}

// rewrite changes the lab's file and applies it.
func (l lab) rewrite(t *testing.T, changes ...string) {
	t.Helper()
	text := mustRead(t, l.file)
	for i := 0; i < len(changes); i += 2 {
		next := strings.Replace(text, changes[i], changes[i+1], 1)
		if next == text {
			t.Fatalf("%q is not in the lab; change this test, too", changes[i])
		}
		text = next
	}
	if err := os.WriteFile(l.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "up", l.file, "--runtime", "netns")
}

// Beyond a limit new routes are refused, and come in as there is room.
func maximumRoutes(t *testing.T, l lab) {
	t.Helper()
	held := l.vrf(t, "pe2", "red").Held
	l.rewrite(t, "max-routes: 100", fmt.Sprintf("max-routes: %d", held+1))
	refused := func(n int) {
		t.Helper()
		eventually(t, 15*time.Second, func() error {
			if v := l.vrf(t, "pe2", "red"); v.Refused != n || v.Held != held+1 {
				return fmt.Errorf("%d of %d held, %d refused; want %d", v.Held, v.MaxRoutes, v.Refused, n)
			}
			return nil
		})
	}
	for i := range 3 {
		l.tell(t, "far", "add", fmt.Sprintf("172.30.%d.0/24", i))
	}
	refused(2)
	l.waitRoute(t, "pe1", "red", "172.30.0.0/24", true)
	for _, prefix := range []string{"172.30.1.0/24", "172.30.2.0/24"} {
		if r := l.route(t, "pe1", "red", prefix); r != nil {
			t.Errorf("pe1 has %+v", r)
		}
	}
	l.birdHears(t, "west", "172.30.1.0/24", false)
	if r := pseudowan("explain", "pe2", "red", "172.30.1.0/24", "--lab", l.name); !strings.Contains(r.stdout, "as many routes as max-routes allows") {
		t.Errorf("explain:\n%s", r.stdout)
	}
	if out := must(t, "show", "vrf", "--router", "pe2", "--lab", l.name); !strings.Contains(out, "2 refused") || !strings.Contains(out, "Maximum Routes") {
		t.Errorf("show vrf:\n%s", out)
	}
	if out := must(t, "logs", "pe2", "--lab", l.name); !strings.Contains(out, "the VRF is full") {
		t.Errorf("the log of pe2:\n%s", out)
	}
	l.pings(t, "far", "172.16.1.1")
	l.tell(t, "far", "del", "172.30.0.0/24")
	l.waitRoute(t, "pe1", "red", "172.30.1.0/24", true)
	refused(1)
	l.rewrite(t, fmt.Sprintf("max-routes: %d", held+1), "max-routes: 100")
	l.waitRoute(t, "pe1", "red", "172.30.2.0/24", true)
	l.birdHears(t, "west", "172.30.2.0/24", true)
}

// Edits act on the sessions that are there.
func editedOptions(t *testing.T, l lab) {
	t.Helper()
	since := func() (all []string) {
		for _, p := range table[status.Peer](t, l, "peer") {
			all = append(all, fmt.Sprint(p.Router, " ", p.VRF, " ", p.RemoteAddress, " ", p.State, " ", p.Since))
		}
		slices.Sort(all)
		return all
	}
	before := since()
	l.rewrite(t,
		`aggregates: [{prefix: 172.20.0.0/16, summary-only: true}, "2001:db8:a000::/36"]`, `default-originate: true`,
		`soo: "65000:7"`, `soo: "65000:8"`,
		`bgp: {as: 65103, default-originate: true}`, `bgp: 65103`,
		`bgp: {as: 65102}`, `bgp: {as: 65102, default-originate: true}`)
	l.waitRoute(t, "pe1", "red", "172.20.0.0/16", false)
	l.waitRoute(t, "pe1", "red", "172.20.1.0/24", true)
	l.frrHears(t, "east", "172.20.1.0/24", true)
	l.frrHears(t, "east", "172.20.0.0/16", false)
	l.frrHears(t, "east", "172.16.2.0/24", true)
	l.birdHears(t, "west", "2001:db8:a1::/64", true)
	for _, prefix := range []string{"0.0.0.0/0", "::/0"} {
		r := l.waitRoute(t, "pe1", "red", prefix, true)
		if r.Source != status.SourceAggregate {
			t.Errorf("at pe1: %+v", r)
		}
		l.frrHears(t, "east", prefix, true)
		l.birdHears(t, "west", prefix, true)
	}
	if after := since(); !slices.Equal(before, after) {
		t.Errorf("sessions were\n%s\nand are\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	must(t, "verify", l.name)
}
