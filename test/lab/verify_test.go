package lab

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// verified runs verify and returns its exit code and rows.
func verified(t testing.TB, l lab, args ...string) (int, []status.HostPair) {
	t.Helper()
	r := pseudowan(append([]string{"verify", l.name, "-o", "json", "--timeout", "3s"}, args...)...)
	var rows []status.HostPair
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil {
		t.Fatalf("verify: exit code %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	return r.code, rows
}

// mustVerify fails the test if anything is not as intended.
func mustVerify(t testing.TB, l lab) {
	t.Helper()
	must(t, "verify", l.name, "--timeout", patience(10*time.Second).String())
}

// differs finds the difference at an address of a pair, and fails the test if there
// is none or if its cause is not the expected one.
func differs(t testing.TB, rows []status.HostPair, from, to, address, cause string) {
	t.Helper()
	for _, r := range rows {
		for _, d := range r.Differences {
			if r.From != from || r.To != to || d.Destination.String() != address {
				continue
			}
			if !strings.Contains(d.Cause, cause) {
				t.Errorf("%s to %s at %s: cause %q, want %q", from, to, address, d.Cause, cause)
			}
			return
		}
	}
	t.Errorf("%s to %s: no difference at %s", from, to, address)
}

// onlyBetween fails the test if another pair of hosts differs.
func onlyBetween(t testing.TB, rows []status.HostPair, hosts ...string) {
	t.Helper()
	among := strings.Join(hosts, " ")
	for _, r := range rows {
		if r.Result != status.AsIntended && !(strings.Contains(among, r.From) && strings.Contains(among, r.To)) {
			t.Errorf("%s to %s: %+v", r.From, r.To, r.Differences)
		}
	}
}

// In ten overlapping VPNs, all 380 pairs are as intended, in every output format.
func TestRealVerify(t *testing.T) {
	l := sharedLab(t)
	mustVerify(t, l)
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testcase"`
	}
	out := must(t, "verify", l.name, "-o", "junit", "--from", "host_001_101")
	if err := xml.Unmarshal([]byte(out), &suite); err != nil || suite.Tests != 19 || suite.Failures != 0 || len(suite.Cases) != 19 {
		t.Errorf("JUnit: %v, %+v", err, suite)
	}
}

// A change of a router's flow is found and attributed to that flow.
func TestRealVerifyFindsAFlow(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-vfyflow")
	l.up(t)
	flow := l.routeFlow(t, "pe1", "101", "30.1.0.2/32")
	flow.push(t, flow.label+4) // a label of another VRF
	code, rows := verified(t, l)
	if code != 1 {
		t.Errorf("wrong label: exit code %d, want 1", code)
	}
	wrong := fmt.Sprintf("router pe1: VRF 101: route 30.1.0.2/32: Open vSwitch pushes label %d, BGP says %d", flow.label+4, flow.label)
	differs(t, rows, "host_001_101", "remote_001_101", "30.1.0.2", wrong)
	differs(t, rows, "remote_001_101", "host_001_101", "10.1.0.2", "on the way back: "+wrong)
	onlyBetween(t, rows, "host_001_101", "remote_001_101")

	flow.remove(t)
	code, rows = verified(t, l, "--from", "host_001_101")
	if code != 1 {
		t.Errorf("without a flow: exit code %d, want 1", code)
	}
	differs(t, rows, "host_001_101", "remote_001_101", "30.1.0.2", "router pe1: VRF 101: route 30.1.0.2/32: the flow is missing or wrong")
	onlyBetween(t, rows, "host_001_101", "remote_001_101")
}

// routeFlow is the flow of a route that leaves with a label.
type routeFlow struct {
	lab            lab
	router         string
	match, actions string
	label          uint32 // according to BGP
}

func (l lab) routeFlow(t testing.TB, router, vrf, prefix string) routeFlow {
	t.Helper()
	flow := routeFlow{lab: l, router: router}
	for _, f := range table[status.Flow](t, l, "flow", "--router", router, "--vrf", vrf) {
		if f.Direction == "out" && f.Prefix.String() == prefix && f.Label != nil {
			flow.label = *f.Label
		}
	}
	destination := "nw_dst=" + strings.TrimSuffix(prefix, "/32")
	for line := range strings.Lines(l.mustExec(t, router, "ovs-ofctl", "dump-flows", "br0", "table=20")) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), "priority=")
		match, actions, ok := strings.Cut(rest, " actions=")
		if ok && strings.HasSuffix(match, destination) && strings.Contains(actions, pushing(flow.label)) {
			flow.match, flow.actions = "table=20,priority="+match, actions
		}
	}
	if flow.match == "" {
		t.Fatalf("router %s: no flow for %s in VRF %s", router, prefix, vrf)
	}
	return flow
}

// pushing returns the action that chooses a label.
func pushing(label uint32) string { return fmt.Sprintf("load:%#x->NXM_NX_REG2[]", label) }

// push makes the flow push another label.
func (f routeFlow) push(t testing.TB, label uint32) {
	t.Helper()
	actions := strings.Replace(f.actions, pushing(f.label), pushing(label), 1)
	f.lab.mustExec(t, f.router, "ovs-ofctl", "--strict", "mod-flows", "br0", f.match+",actions="+actions)
}

func (f routeFlow) remove(t testing.TB) {
	t.Helper()
	f.lab.mustExec(t, f.router, "ovs-ofctl", "--strict", "del-flows", "br0", f.match)
}

// A label that the far router no longer knows is attributed to that router.
func TestRealVerifyFindsALabel(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "dual-stack", "pwt-vfylabel")
	l.up(t)
	mustVerify(t, l)
	l.mustExec(t, "pe2", "ovs-ofctl", "del-flows", "br0", "table=10,mpls,mpls_label=2000")
	code, rows := verified(t, l)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	differs(t, rows, "blue1", "blue2", "10.2.0.2", "router pe2: label 2000 of VRF blue: the flow is missing or wrong")
	onlyBetween(t, rows, "blue1", "blue2")
}

// A route target that differs from the topology is named for what is lost and for
// what leaks.
func TestRealVerifyFindsARouteTarget(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "dual-stack", "pwt-vfyrt")
	l.up(t)
	intended := l.file + ".intended"
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), `blue: {rts: "65000:2"}`, `blue: {import: "65000:3", export: "65000:2"}`, 1)
	if edited == string(text) {
		t.Fatal("the catalogue's file is not what this test edits")
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(intended, string(text))
	write(l.file, edited)
	must(t, "up", l.file, "--runtime", "netns")
	code, rows := verified(t, l, "--topology", intended)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	differs(t, rows, "blue1", "blue2", "10.2.0.2", "router pe1: no route to 10.2.0.0/24 in VRF blue: no route target in common")
	differs(t, rows, "blue1", "blue2", "10.2.0.2", "VRF blue of pe1 imports 65000:3 (topology: 65000:2)")
	onlyBetween(t, rows, "blue1", "blue2")

	// A leak: red imports what blue exports, and vice versa.
	leaking := strings.Replace(string(text), `red:  {rts: "65000:1"}`, `red:  {rts: "65000:1", import: "65000:2"}`, 1)
	leaking = strings.Replace(leaking, `blue: {rts: "65000:2"}`, `blue: {rts: "65000:2", import: "65000:1"}`, 1)
	leaking = strings.Replace(leaking, `blue2:
    to: pe2
    vrf: blue
    addresses: [10.2.0.2/24, slaac]`, `blue2:
    to: pe2
    vrf: blue
    addresses: [10.77.0.2/24, slaac]`, 1)
	write(intended, strings.Replace(strings.Replace(leaking, `, import: "65000:2"}`, "}", 1), `, import: "65000:1"}`, "}", 1))
	write(l.file, leaking)
	must(t, "up", l.file, "--runtime", "netns")
	code, rows = verified(t, l, "--topology", intended, "--from", "red1")
	if code != 1 {
		t.Errorf("leak: exit code %d, want 1", code)
	}
	differs(t, rows, "red1", "blue2", "10.77.0.2", "VRF red of pe1 imports 65000:1, 65000:2 (topology: 65000:1)")
}

// Spokes reach each other only through the hub. Without the hub's forwarding,
// packets are lost and never take a short cut, and verify says who does not
// forward.
func TestRealVerifyHub(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "hub-spoke", "pwt-vfyhub")
	l.up(t)
	mustVerify(t, l)
	for _, family := range []string{"net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"} {
		if out, err := exec.Command("ip", "netns", "exec", "pw-"+l.name+"-hq", "sysctl", "-q", "-w", family).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	code, rows := verified(t, l, "--from", "s2")
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	differs(t, rows, "s2", "s3", "10.3.0.2", "arrives at hq, which drops it: the address is not its own, and it does not forward")
	for _, r := range rows {
		if r.To == "hq" && r.Result != status.AsIntended {
			t.Errorf("the hub itself: %+v", r)
		}
	}
	if last := rows[len(rows)-1]; last.Rule != "s2 -> s3 via hq" || last.Result != status.Different {
		t.Errorf("the expect line: %+v", last)
	}
}

// Hosts that are not running cannot be tested, which is not a success.
func TestRealVerifyWithoutAHost(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "dual-stack", "pwt-vfygone")
	l.up(t)
	if out, err := exec.Command("ip", "netns", "del", "pw-"+l.name+"-red2").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	code, rows := verified(t, l)
	if code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
	onlyBetween(t, rows, "red1", "red2", "blue1", "blue2")
	if r := pseudowan("verify", l.name, "--to", "red2"); r.code != 2 || !strings.Contains(r.stderr, "red2 is not running") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if r := pseudowan("verify", l.name, "--to", "red3"); r.code != 4 || !strings.Contains(r.stderr, "did you mean red1?") && !strings.Contains(r.stderr, "did you mean red2?") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
