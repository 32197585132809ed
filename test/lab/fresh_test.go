package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write replaces the lab's file.
func (l lab) write(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(l.file, []byte(withDatapath(text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit changes the running lab to text.
func (l lab) edit(t testing.TB, text string) {
	t.Helper()
	l.write(t, text)
	must(t, "up", l.file, "--runtime", "netns")
}

// settled returns the state of a lab once it is stable: for a moment after up has
// ended, the routers still exchange routes.
func (l lab) settled(t testing.TB) []string {
	t.Helper()
	const pause, most = 150 * time.Millisecond, 3 * time.Second
	before := stateOf(t, l)
	for deadline := time.Now().Add(patience(most)); ; {
		time.Sleep(pause)
		now := stateOf(t, l)
		if slices.Equal(before, now) || time.Now().After(deadline) {
			return now
		}
		before = now
	}
}

// equalsFresh fails if the running lab differs from the one that a fresh up of the
// same file makes, and replaces it by that one. Both have the same assigned
// numbers, which depend on the lab's history.
func (l lab) equalsFresh(t testing.TB, after string) {
	t.Helper()
	pseudowan("verify", l.name) // only so that the routers learn neighbours from its probes
	edited, given := l.settled(t), givenAsNeeded(t, l)
	plan := filepath.Join("/var/lib/pseudowan", l.name, "plan.json")
	numbers, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	must(t, "down", l.name)
	if err := os.MkdirAll(filepath.Dir(plan), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, numbers, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "up", l.file, "--runtime", "netns")
	pseudowan("verify", l.name)
	fresh := l.settled(t)
	given = append(given, givenAsNeeded(t, l)...)
	if diff := cmp.Diff(maskLabels(fresh, given), maskLabels(edited, given)); diff != "" {
		text, _ := os.ReadFile(l.file)
		t.Fatalf("after %s (-fresh +edited):\n%s\n%s", after, diff, text)
	}
}

const twoVPNs = `
name: pwt-two
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30, "2001:db8:ffff::/64"]}]
vrfs: {red: {rts: "1:1"}, blue: {rts: "1:2"}}
hosts:
  blue2: {to: pe2, vrf: blue, addresses: [10.72.0.2/24]}
`

// A VRF that is removed from a router leaves nothing behind: the next one, with the
// same addresses, is separate from it.
func TestRealEditJoinsNoVPNs(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-two", twoVPNs+"  blue1: {to: pe1, vrf: blue, addresses: [10.71.0.2/24]}\n")
	l.up(t)
	l.mustExec(t, "blue2", "ping", "-c", "1", "-W", "2", "10.71.0.2")
	l.edit(t, twoVPNs)
	l.edit(t, twoVPNs+"  red1: {to: pe1, vrf: red, addresses: [10.71.0.2/24]}\n")
	if r := l.exec("blue2", "ping", "-c", "3", "-i", "0.2", "-W", "1", "10.71.0.2"); r.code == 0 {
		t.Errorf("blue2 reaches red1:\n%s", r.stdout)
	}
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
		t.Errorf("a second up changes something:\n%s", out)
	}
	l.equalsFresh(t, "red1 in the place of blue1")
}

// A series of edits, each of which once left something behind.
func TestRealEditedEqualsFresh(t *testing.T) {
	t.Parallel() // it waits more than it works
	base := func(edits ...string) string {
		text := `
name: pwt-fresh
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30, "2001:db8:ffff::/64"]}]
redistribute: {connected: subnets, static: true}
vrfs: {red: {rd: "1:1", rts: "1:1"}, blue: {rd: "1:2", rts: "1:2"}}
hosts:
  r1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [172.16.1.1/24]}
  r2: {to: pe2, vrf: red, addresses: [10.2.0.2/24], lans: [172.16.2.1/24]}
  s1: {to: pe1, vrf: blue, mac: "02:00:00:00:00:11", addresses: [10.1.0.2/24, slaac], ra: "2001:db8:1::/64"}
  s2: {to: pe2, vrf: blue, addresses: [10.2.0.2/24, slaac], ra: "2001:db8:2::/64"}
`
		for i := 0; i < len(edits); i += 2 {
			changed := strings.Replace(text, edits[i], edits[i+1], 1)
			if changed == text {
				panic("nothing to edit: " + edits[i])
			}
			text = changed
		}
		return text
	}
	l := fromText(t, t.TempDir(), "pwt-fresh", base())
	l.up(t)
	var come string
	for i := range 20 {
		come += fmt.Sprintf("  c%d: {to: pe1, vrf: come%d, rd: \"2:%d\", addresses: [10.1.0.2/24]}\n", i, i, i)
	}
	for _, step := range []struct {
		name string
		text string
	}{
		{"another RD", base(`rd: "1:1"`, `rd: "1:9"`)},
		{"RDs exchanged", base(`rd: "1:1"`, `rd: "1:2"`, `rd: "1:2", rts: "1:2"`, `rd: "1:1", rts: "1:2"`)},
		{"connected: none", base("connected: subnets", "connected: none")},
		{"connected: hosts", base("connected: subnets", "connected: hosts")},
		{"static: false", base("static: true", "static: false")},
		{"static: true", base()},
		{"another prefix by advertisement", base("2001:db8:1::/64", "2001:db8:7::/64")},
		{"another MAC", base("00:00:00:11", "00:00:00:22")},
		{"no advertisement", base(", slaac], ra: \"2001:db8:1::/64\"", "]")},
		{"the last host of a VRF moved", base("r1: {to: pe1", "r1: {to: pe2")},
		{"hosts moved between VRFs", base("r1: {to: pe1, vrf: red", "r1: {to: pe1, vrf: blue", "vrf: blue, mac", "vrf: red, mac", "10.1.0.2/24]", "10.3.0.2/24]")},
		{"twenty VRFs come", base() + come},
		{"twenty VRFs go", base()},
		{"another AS", base("as: 65002", "as: 65003")},
		{"another router id", base("as: 65002", "as: 65002, id: 10.9.9.9")},
		{"another MAC and MTU of a link", base("[pe1:eth1, pe2:eth1], ", "{pe1:eth1: {mac: \"02:00:00:00:99:01\"}, pe2:eth1: {}}, mtu: 1520, ")},
		{"label modes", base(`rts: "1:1"`, `rts: "1:1", label-mode: per-prefix`, `rts: "1:2"`, `rts: "1:2", label-mode: per-vrf`)},
	} {
		l.edit(t, step.text)
		l.equalsFresh(t, step.name)
	}
}

// What a VRF does not redistribute stays in it, even if another VRF of the same
// router imports from it.
func TestRealStaticsThatAreNotRedistributedStay(t *testing.T) {
	text := func(static string) string {
		return `
name: pwt-private
routers: {pe1: {as: 65001}}
vrfs:
  red: {import: ["1:1", "1:2"], export: "1:1", redistribute: {static: ` + static + `}}
  blue: {import: ["1:1", "1:2"], export: "1:2"}
hosts:
  r: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [172.16.1.1/24]}
  b: {to: pe1, vrf: blue, addresses: [10.2.0.2/24]}
`
	}
	l := fromText(t, t.TempDir(), "pwt-private", text("true"))
	l.up(t)
	for _, step := range []struct {
		static string
		code   int
	}{{"true", 0}, {"false", 1}, {"true", 0}} {
		l.edit(t, text(step.static))
		if r := l.exec("b", "ping", "-c", "1", "-W", "1", "172.16.1.1"); r.code != step.code {
			t.Errorf("static: %s: ping exit code %d, want %d\n%s", step.static, r.code, step.code, r.stdout)
		}
		l.mustExec(t, "b", "ping", "-c", "1", "-W", "2", "10.1.0.2")
		if v := pseudowan("verify", l.name); v.code != 0 {
			t.Errorf("static: %s: verify: exit code %d\n%s", step.static, v.code, v.stdout)
		}
	}
}

// A NIC that the file no longer lends returns to the server. It can pass to another
// interface or another router.
func TestRealEditMovesNIC(t *testing.T) {
	command("ip", "link", "add", "pwtmv0", "up", "type", "veth", "peer", "name", "pwtmv1")
	t.Cleanup(func() { command("ip", "link", "del", "pwtmv1") })
	text := func(links string) string {
		return `
name: pwt-mv
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
` + links + `
vrfs: {red: {rts: "1:1"}}
hosts:
  r1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  r2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`
	}
	on := func(end string) string {
		return text("- {nic: pwtmv0, ends: {" + end + ": {address: 192.168.9.1/24}}, bgp: {peer: 192.168.9.2, as: 65009}}")
	}
	l := fromText(t, t.TempDir(), "pwt-mv", on("pe1:eth2"))
	l.up(t)
	for _, step := range []struct{ name, text, holder string }{
		{"another interface", on("pe1:up"), "pe1"},
		{"another router", on("pe2:eth2"), "pe2"},
		{"no NIC", text(""), ""},
		{"the NIC again", on("pe1:eth2"), "pe1"},
	} {
		l.edit(t, step.text)
		if here := command("ip", "link", "show", "pwtmv0").code == 0; here != (step.holder == "") {
			t.Errorf("%s: the server has the NIC: %t", step.name, here)
		}
		for _, router := range []string{"pe1", "pe2"} {
			has := strings.Contains(l.mustExec(t, router, "ip", "link"), "nic=pwtmv0")
			if has != (router == step.holder) {
				t.Errorf("%s: %s has the NIC: %t", step.name, router, has)
			}
		}
		l.equalsFresh(t, step.name)
	}
}
