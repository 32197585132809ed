package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// needs skips a test if a program of the distribution is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s", p)
		}
	}
}

func fromTestdata(t *testing.T, file, name string) lab {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return fromText(t, t.TempDir(), name, nameLine.ReplaceAllString(string(data), "name: "+name))
}

// route finds the best route of a prefix in a VRF; nil if there is none.
func (l lab) route(t testing.TB, router, vrf, prefix string) *status.Route {
	t.Helper()
	for _, v := range table[status.VRF](t, l, "vrf", "--router", router, "--vrf", vrf) {
		for _, r := range v.Routes {
			if r.Prefix.String() == prefix && r.Best {
				return &r
			}
		}
	}
	return nil
}

// waitRoute waits until a VRF has a best route, or has none.
func (l lab) waitRoute(t testing.TB, router, vrf, prefix string, wanted bool) *status.Route {
	t.Helper()
	var found *status.Route
	eventually(t, 15*time.Second, func() error {
		if found = l.route(t, router, vrf, prefix); (found != nil) != wanted {
			return fmt.Errorf("VRF %s of %s: route %s: there %t, want %t", vrf, router, prefix, found != nil, wanted)
		}
		return nil
	})
	return found
}

// endCommand kills a host's own command.
func (l lab) endCommand(t *testing.T, host string) {
	t.Helper()
	data, err := os.ReadFile("/run/pseudowan/" + l.name + "/" + host + "/command.json")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), `"pid":`)
	digits, _, _ := strings.Cut(rest, ",")
	pid, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func (l lab) pings(t *testing.T, from string, options ...string) {
	t.Helper()
	l.mustExec(t, from, append([]string{"ping", "-n", "-c", "1", "-W", "2"}, options...)...)
}

// Two customers with the same addresses and the same AS number: GoBGP on one side,
// BIRD on the other, both families.
func TestRealCustomersBGP(t *testing.T) {
	needs(t, "gobgpd", "gobgp", "bird", "birdc")
	l := fromCatalog(t, t.TempDir(), "ce-bgp", "pwt-ce")
	l.up(t)
	for _, vrf := range []string{"red", "blue"} {
		l.pings(t, vrf+"-b", "-I", "172.16.2.1", "172.16.1.1")
		l.pings(t, vrf+"-b", "-I", "2001:db8:a2::1", "2001:db8:a1::1")
		l.pings(t, vrf+"-a", "-I", "172.16.1.1", "172.16.2.1")
		for _, prefix := range []string{"172.16.1.0/24", "2001:db8:a1::/64"} {
			near, far := l.route(t, "pe1", vrf, prefix), l.route(t, "pe2", vrf, prefix)
			if near == nil || far == nil {
				t.Fatalf("VRF %s: %s at pe1 %v, at pe2 %v", vrf, prefix, near, far)
			}
			if near.ASPath != "65100" || far.ASPath != "65100" || near.Origin != "igp" || far.Origin != "igp" || *near.Label != *far.Label {
				t.Errorf("VRF %s: %s at pe1 %+v, at pe2 %+v", vrf, prefix, near, far)
			}
		}
		// A site never gets back its own AS number.
		if out := l.mustExec(t, vrf+"-b", "birdc", "-s", "/run/bird.ctl", "show", "route", "all", "172.16.1.0/24"); !strings.Contains(out, "as_path: 65000 65000") {
			t.Errorf("%s-b has heard\n%s", vrf, out)
		}
	}
	if a, b := l.route(t, "pe1", "red", "172.16.1.0/24"), l.route(t, "pe1", "blue", "172.16.1.0/24"); *a.Label == *b.Label {
		t.Errorf("both customers have the label %d", *a.Label)
	}
	customersPeers(t, l)
	customerStops(t, l)
}

func customersPeers(t *testing.T, l lab) {
	t.Helper()
	var got []string
	for _, p := range table[status.Peer](t, l, "peer", "--router", "pe2") {
		got = append(got, fmt.Sprint(p.VRF, " ", p.RemoteAddress, " ", p.RemoteAS, " ", p.State, " ", p.Families, " ", p.Received, " ", p.Advertised))
	}
	slices.Sort(got)
	want := []string{
		" 192.168.0.1 65000 established [vpnv4 vpnv6] 8 8",
		"blue 10.2.0.2 65100 established [ipv4] 1 2",
		"blue 2001:db8:2::2 65100 established [ipv6] 1 2",
		"red 10.2.0.2 65100 established [ipv4] 1 2",
		"red 2001:db8:2::2 65100 established [ipv6] 1 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("peers of pe2:\n%s", strings.Join(got, "\n"))
	}
}

// customerStops proves that the routes of a customer disappear with its daemon,
// that its twin in the other VPN does not notice, and that up restores them.
func customerStops(t *testing.T, l lab) {
	t.Helper()
	label := *l.route(t, "pe1", "blue", "172.16.1.0/24").Label
	l.endCommand(t, "blue-a")
	for _, prefix := range []string{"172.16.1.0/24", "2001:db8:a1::/64"} {
		l.waitRoute(t, "pe1", "blue", prefix, false)
		l.waitRoute(t, "pe2", "blue", prefix, false)
	}
	eventually(t, 10*time.Second, func() error {
		if out := l.mustExec(t, "blue-b", "birdc", "-s", "/run/bird.ctl", "show", "route"); strings.Contains(out, "172.16.1.0/24") {
			return fmt.Errorf("blue-b still has the route:\n%s", out)
		}
		return nil
	})
	used := slices.ContainsFunc(table[status.Flow](t, l, "flow", "--router", "pe1"), func(f status.Flow) bool {
		return f.Direction == "in" && f.Label != nil && *f.Label == label
	})
	if used {
		t.Errorf("label %d is still in the switch", label)
	}
	if r := l.exec("blue-b", "ping", "-n", "-c", "1", "-W", "1", "172.16.1.1"); r.code == 0 {
		t.Errorf("blue-b still reaches the LAN:\n%s", r.stdout)
	}
	l.pings(t, "red-b", "-I", "172.16.2.1", "172.16.1.1")
	must(t, "up", l.file, "--runtime", "netns")
	l.pings(t, "blue-b", "-I", "172.16.2.1", "172.16.1.1")
}

// A passive router with a password, and FRR.
func TestRealCustomerFRR(t *testing.T) {
	needs(t, "vtysh")
	l := fromTestdata(t, "ce-frr.yaml", "pwt-cefrr")
	l.up(t)
	l.pings(t, "frr", "-I", "172.16.1.1", "10.2.0.2")
	l.pings(t, "frr", "-I", "2001:db8:a1::1", "2001:db8:2::2")
	l.pings(t, "host", "172.16.1.1")
	l.pings(t, "host", "2001:db8:a1::1")
	// The router still answers for the gateway besides BGP.
	l.pings(t, "frr", "10.1.0.1")
	l.pings(t, "frr", "2001:db8:1::1")
	customerUnplugged(t, l)
}

// customerUnplugged proves that sessions with a host fall over as soon as its wire
// has no carrier: their reason is that, not the hold time. They come up again with it.
func customerUnplugged(t *testing.T, l lab) {
	t.Helper()
	sessions := func(state, why string) {
		t.Helper()
		eventually(t, 25*time.Second, func() error {
			for _, p := range table[status.Peer](t, l, "peer", "--router", "pe1", "--vrf", "red") {
				if p.RemoteAddress.Is4() && (string(p.State) == "established") == (state == "established") && strings.Contains(p.LastError, why) {
					return nil
				}
			}
			return fmt.Errorf("the session with frr is not %s with %q", state, why)
		})
	}
	l.mustExec(t, "frr", "ip", "link", "set", "eth0", "down")
	sessions("down", "has no carrier")
	l.waitRoute(t, "pe2", "red", "172.16.1.0/24", false)
	l.mustExec(t, "frr", "ip", "link", "set", "eth0", "up")
	sessions("established", "")
	l.waitRoute(t, "pe2", "red", "172.16.1.0/24", true)
}

// tell makes a customer announce or withdraw a route.
func (l lab) tell(t *testing.T, host, verb string, words ...string) {
	t.Helper()
	family := "ipv4"
	if strings.Contains(words[0], ":") {
		family = "ipv6"
	}
	eventually(t, 5*time.Second, func() error {
		r := l.exec(host, append([]string{"gobgp", "global", "rib", verb, "-a", family}, words...)...)
		if r.code != 0 {
			return fmt.Errorf("gobgp in %s: %s%s", host, r.stdout, r.stderr)
		}
		return nil
	})
}

// Which of a customer's routes are used, and which of the VRF's a customer gets.
func TestRealCustomerRules(t *testing.T) {
	needs(t, "gobgpd", "gobgp", "bird")
	l := fromTestdata(t, "ce-rules.yaml", "pwt-cerules")
	t.Cleanup(func() { pseudowan("down", l.name) })
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "host silent (10.5.0.2, AS 65105)") {
		t.Errorf("up does not say that it waits for silent:\n%s", out)
	}
	r := l.waitRoute(t, "pe2", "red", "172.17.3.0/24", true)
	if r.ASPath != "65103 65000" || r.MED == nil || *r.MED != 50 {
		t.Errorf("route %+v", r)
	}
	heard := func(host, prefix string) string {
		return l.mustExec(t, host, "gobgp", "global", "rib", "-a", "ipv4", prefix)
	}
	eventually(t, 10*time.Second, func() error {
		if out := heard("far", "172.17.3.0/24"); !strings.Contains(out, "65000 65103 65000") || !strings.Contains(out, "65102:7") || strings.Contains(out, "Med: 50") {
			return fmt.Errorf("far has heard:\n%s", out)
		}
		return nil
	})

	// A route that we have already, an unreachable next hop, one off the link.
	l.tell(t, "strict", "add", "172.18.2.0/24", "nexthop", "10.1.0.77")
	l.tell(t, "strict", "add", "172.18.3.0/24", "nexthop", "10.9.0.77")
	l.tell(t, "strict", "add", "172.18.4.0/24", "community", "no-export")
	l.waitRoute(t, "pe2", "red", "172.18.4.0/24", true)
	for _, prefix := range []string{"172.17.6.0/24", "172.18.2.0/24", "172.18.3.0/24"} {
		if r := l.route(t, "pe2", "red", prefix); r != nil {
			t.Errorf("pe2 uses %+v", r)
		}
	}
	for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "red") {
		i := slices.IndexFunc(v.Routes, func(r status.Route) bool { return r.Prefix.String() == "172.18.2.0/24" })
		if i < 0 || v.Routes[i].Reason != status.ReasonUnreachable {
			t.Errorf("the route with a silent next hop is not shown as such: %+v", v.Routes)
		}
	}
	if r := l.exec("far", "gobgp", "global", "rib", "-a", "ipv4", "172.18.4.0/24"); strings.Contains(r.stdout, "65101") {
		t.Errorf("far has heard a route that may not leave the AS:\n%s", r.stdout)
	}

	// One prefix too many ends the session and its routes.
	for i := range 3 {
		l.tell(t, "strict", "add", fmt.Sprintf("172.19.%d.0/24", i))
	}
	l.waitRoute(t, "pe2", "red", "172.18.4.0/24", false)
	l.waitRoute(t, "pe2", "red", "172.17.3.0/24", true)

	l.tell(t, "six", "add", "2001:db8:66::/64")
	if r := l.waitRoute(t, "pe1", "red", "2001:db8:66::/64", true); r.ASPath != "65102" {
		t.Errorf("route %+v", r)
	}
	l.tell(t, "six", "del", "2001:db8:66::/64")
	l.waitRoute(t, "pe1", "red", "2001:db8:66::/64", false)
}

// By edits of the file, a customer stops speaking BGP and starts again; the others
// stay as they are.
func TestRealCustomerEdited(t *testing.T) {
	needs(t, "gobgpd", "gobgp", "bird")
	l := fromCatalog(t, t.TempDir(), "ce-bgp", "pwt-ceedit")
	l.up(t)
	port := "/run/netns/pw-" + l.name + "-pe1+eth5" // of red-a: ports are assigned in the order of the hosts' names
	if _, err := os.Stat(port); err != nil {
		t.Fatal(err)
	}
	since := func() string {
		for _, p := range table[status.Peer](t, l, "peer", "--router", "pe2") {
			if p.VRF == "blue" && p.RemoteAddress.Is4() {
				return string(p.State) + p.Since.String()
			}
		}
		return ""
	}
	before, session := mustRead(t, l.file), since()
	plain := strings.Replace(before, "  red-a: {<<: [*site-a, *gobgp], vrf: red}",
		"  red-a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [172.16.1.0/24]}", 1)
	if plain == before {
		t.Fatal("the lab has changed; change this test, too")
	}
	for _, step := range []struct {
		text   string
		source status.RouteSource
		bgp    bool
	}{{plain, "static", false}, {before, "bgp", true}} {
		if err := os.WriteFile(l.file, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		must(t, "up", l.file, "--runtime", "netns")
		if r := l.route(t, "pe1", "red", "172.16.1.0/24"); r == nil || r.Source != step.source {
			t.Errorf("%+v; want a route from %s", r, step.source)
		}
		l.pings(t, "red-b", "-I", "172.16.2.1", "172.16.1.1")
		if _, err := os.Stat(port); (err == nil) != step.bgp {
			t.Errorf("the namespace of red-a's sessions: %v", err)
		}
	}
	if now := since(); now != session {
		t.Errorf("another customer's session was %s and is %s", session, now)
	}
}

func mustRead(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
