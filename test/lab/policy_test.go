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

// editUntil writes an edit of the lab's file and applies it. It returns how long the
// check took from then on to hold.
func (l lab) editUntil(t testing.TB, check func() error, pairs ...string) time.Duration {
	t.Helper()
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(pairs...).Replace(string(text))
	if edited == string(text) {
		t.Fatalf("%q is not in the file", pairs)
	}
	if err := os.WriteFile(l.file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	must(t, "up", l.file, "--runtime", "netns")
	eventually(t, 20*time.Second, check)
	return time.Since(begin)
}

// established returns since when each session is up.
func established(t testing.TB, l lab) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	for _, p := range table[status.Peer](t, l, "peer") {
		if p.State == "established" {
			out[strings.Join([]string{p.Router, p.VRF, p.RemoteAddress.String()}, " ")] = p.Since
		}
	}
	return out
}

// A policy that is edited while the lab runs changes tables and packets within
// seconds, and no session ends.
func TestRealPolicies(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "policies", "pwt-policies")
	l.up(t)
	const lan, tests = "172.16.1.0/24", "172.16.9.0/24"
	viaPE2, viaPE3 := []string{"* 192.168.0.2 Local Pref", "192.168.0.6 Local Pref"}, []string{"* 192.168.0.6 Local Pref", "192.168.0.2 Local Pref"}
	has := func(prefix string, want ...string) func() error {
		return func() error {
			if got := routesOf(t, l, "pe1", "red", prefix); !slices.Equal(got, want) {
				return fmt.Errorf("%s at pe1: %q; want %q", prefix, got, want)
			}
			return nil
		}
	}
	eventually(t, 20*time.Second, has(lan, viaPE3...))
	sessions := established(t, l)
	if len(sessions) != 4 {
		t.Fatalf("%d sessions: %v", len(sessions), sessions)
	}
	leaves := func(port string, want bool) {
		t.Helper()
		before := sent(t, l, "pe1", port)
		l.mustExec(t, "hq", "ping", "-c", "20", "-i", "0.02", "-W", "2", "172.16.1.1")
		if got := sent(t, l, "pe1", port) - before; (got >= 20) != want {
			t.Errorf("%d packets of 20 leave by %s; want them there: %t", got, port, want)
		}
	}
	leaves("eth2", true)
	checkReach(t, l, []reach{{"hq", "172.16.9.1", false}, {"hq", "10.4.0.2", false}})

	for prefix, want := range map[string]string{tests: "policy from-carriers, term 1", lan: "changed by policy from-carriers, term 2"} {
		if out := must(t, "explain", "--lab", l.name, "pe1", "red", prefix); !strings.Contains(out, want) {
			t.Errorf("explain %s does not name %s:\n%s", prefix, want, out)
		}
	}

	t.Logf("another preference: %s", l.editUntil(t, has(lan, viaPE2...), "local-pref: 200", "local-pref: 50"))
	leaves("eth1", true)
	leaves("eth2", false)
	t.Logf("a filter less: %s", l.editUntil(t, has(tests, "* 192.168.0.6 Only Path"), "172.16.8.0/21 le 24", "172.16.99.0/24"))
	checkReach(t, l, []reach{{"hq", "10.4.0.2", false}})
	t.Logf("the filter again: %s", l.editUntil(t, has(tests), "172.16.99.0/24", "172.16.8.0/21 le 24"))
	t.Logf("no policy at the session: %s", l.editUntil(t, has(lan, "* 192.168.0.2 Multipath", "* 192.168.0.6 Multipath"),
		"pe1:eth2: {bgp: {import-policy: from-carriers, export-policy", "pe1:eth2: {bgp: {export-policy"))

	for name, since := range established(t, l) {
		if !since.Equal(sessions[name]) {
			t.Errorf("the session %s is up since %s; before the edits it was since %s", name, since, sessions[name])
		}
	}
	if now := established(t, l); len(now) != len(sessions) {
		t.Errorf("%d sessions are up; before the edits %d", len(now), len(sessions))
	}
}

// The maps of a VRF are edited while the lab runs; explain names the term.
func TestRealVRFMaps(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-maps", `
name: pwt-maps
defaults: {router: {as: 65001}}
routers: {pe1: {}, pe2: {}}
policies:
  in:
  - match: {prefixes: 10.9.0.0/16 le 32}
    then: reject
  - match: {communities: "65001:7"}
    set: {local-pref: 300}
  out:
  - match: {prefixes: 172.16.2.0/24}
    set: {communities: {add: "65001:7"}, rts: {add: "65001:99"}, med: 5}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs:
  red: {rts: "65001:1", import-policy: in, export-policy: out}
  other: {import: "65001:99", export: "65001:98"}
hosts:
  a: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  x: {to: pe1, vrf: other, addresses: 10.8.0.2/24}
  b: {to: pe2, vrf: red, addresses: 10.2.0.2/24, lans: [172.16.2.1/24, 172.16.3.1/24], announce: [10.9.9.0/24]}
`)
	l.up(t)
	must(t, "verify", l.name)
	row := func(vrf, prefix string) string {
		for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", vrf) {
			for _, r := range v.Routes {
				if r.Prefix.String() != prefix {
					continue
				}
				text := r.Reason
				if r.LocalPref != nil {
					text += fmt.Sprintf(", %d", *r.LocalPref)
				}
				if r.MED != nil {
					text += fmt.Sprintf(", MED %d", *r.MED)
				}
				return strings.Join(append([]string{text}, r.ChangedBy...), ", ")
			}
		}
		return ""
	}
	is := func(vrf, prefix, want string) func() error {
		return func() error {
			if got := row(vrf, prefix); got != want {
				return fmt.Errorf("%s in VRF %s of pe1: %q; want %q", prefix, vrf, got, want)
			}
			return nil
		}
	}
	eventually(t, 20*time.Second, is("red", "172.16.2.0/24", "Only Path, 300, MED 5, policy in, term 2"))
	eventually(t, 20*time.Second, is("other", "172.16.2.0/24", "Only Path, 100, MED 5"))
	eventually(t, 20*time.Second, is("other", "172.16.3.0/24", ""))
	eventually(t, 20*time.Second, is("red", "10.9.9.0/24", "Import Policy, 100"))
	if out := must(t, "explain", "--lab", l.name, "pe1", "red", "10.9.9.0/24"); !strings.Contains(out, "rejected by policy in, term 1") {
		t.Errorf("explain does not name the policy:\n%s", out)
	}
	if out := must(t, "explain", "--lab", l.name, "pe1", "red", "172.16.2.0/24"); !strings.Contains(out, "changed by policy in, term 2") {
		t.Errorf("explain does not name the policy:\n%s", out)
	}
	sessions := established(t, l)

	t.Logf("import map: %s", l.editUntil(t, is("red", "172.16.2.0/24", "Only Path, 50, MED 5, policy in, term 2"), "local-pref: 300", "local-pref: 50"))
	t.Logf("export map: %s", l.editUntil(t, is("other", "172.16.3.0/24", "Only Path, 100, MED 9"), "prefixes: 172.16.2.0/24", "prefixes: 172.16.3.0/24", "med: 5", "med: 9"))
	eventually(t, 20*time.Second, is("other", "172.16.2.0/24", ""))
	l.editUntil(t, is("red", "172.16.3.0/24", ""), "set: {communities: {add: \"65001:7\"}, rts: {add: \"65001:99\"}, med: 9}", "then: reject")
	l.editUntil(t, is("red", "10.9.9.0/24", "Only Path, 100"), "import-policy: in, ", "")
	must(t, "verify", l.name)
	if now := established(t, l); len(now) != 2 || fmt.Sprint(now) != fmt.Sprint(sessions) {
		t.Errorf("sessions are up since %v; before the edits %v", now, sessions)
	}
}

// Policies of the sessions with hosts act on plain routes: what a site announces is
// preferred as the policy says, also at other routers, and what a site is told is
// changed or kept from it.
func TestRealHostPolicies(t *testing.T) {
	needs(t, "gobgpd", "gobgp", "bird", "birdc")
	l := fromCatalog(t, t.TempDir(), "ce-bgp", "pwt-cepol", func(text string) string {
		return strings.NewReplacer("\nvrfs:\n", `
policies:
  from-site: [{match: {family: ipv4, prefixes: 172.16.1.0/24}, set: {local-pref: 300}}]
  to-site: [{match: {prefixes: 172.16.1.0/24}, set: {prepend: 3}}]
vrfs:
`, "*gobgp], vrf: red}", "*gobgp], vrf: red, bgp: {as: 65100, as-override: true, import-policy: from-site}}",
			"*bird], vrf: red}", "*bird], vrf: red, bgp: {as: 65100, as-override: true, export-policy: to-site}}").Replace(text)
	})
	l.up(t)
	state := func() string {
		var prefs []string
		for _, router := range []string{"pe1", "pe2"} {
			if r := l.route(t, router, "red", "172.16.1.0/24"); r != nil && r.LocalPref != nil {
				prefs = append(prefs, fmt.Sprint(*r.LocalPref))
			}
		}
		path := "none"
		_, after, found := strings.Cut(l.exec("red-b", "birdc", "-s", "/run/bird.ctl", "show", "route", "all", "172.16.1.0/24").stdout, "BGP.as_path: ")
		if found {
			path, _, _ = strings.Cut(after, "\n")
		}
		return strings.Join(prefs, " ") + "; " + path
	}
	is := func(want string) func() error {
		return func() error {
			if got := state(); got != want {
				return fmt.Errorf("local preferences and what red-b hears: %q; want %q", got, want)
			}
			return nil
		}
	}
	eventually(t, 20*time.Second, is("300 300; 65000 65000 65000 65000 65000"))
	sessions := established(t, l)
	t.Logf("another preference: %s", l.editUntil(t, is("120 120; 65000 65000 65000 65000 65000"), "local-pref: 300", "local-pref: 120"))
	t.Logf("kept from the site: %s", l.editUntil(t, is("120 120; none"), "set: {prepend: 3}", "then: reject"))
	if r := l.exec("red-b", "ping", "-c", "1", "-W", "1", "172.16.1.1"); r.code == 0 {
		t.Error("red-b reaches what it has not been told of")
	}
	l.pings(t, "blue-b", "-I", "172.16.2.1", "172.16.1.1")
	t.Logf("told again: %s", l.editUntil(t, is("120 120; 65000 65000"), "export-policy: to-site", "export-policy: []"))
	l.pings(t, "red-b", "-I", "172.16.2.1", "172.16.1.1")
	if now := established(t, l); fmt.Sprint(now) != fmt.Sprint(sessions) {
		t.Errorf("sessions are up since %v; before the edits %v", now, sessions)
	}
}
