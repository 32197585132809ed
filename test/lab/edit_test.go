package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// up on an edited file applies the edit and leaves the rest running: sessions stay
// up, counters keep counting, numbers stay.
func TestRealEdit(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-edit")
	full, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	// Without the last two hosts of pe1, and with one LAN less at each host of pe2.
	less := strings.Replace(string(full), ",\n    {vrfs: 401-402, subnet: 40.1.0.0/24, lan: 140.1.0.0/24}]", "]", 1)
	less = strings.Replace(less, `"remote_{i:03}_{vrf}", rd: "65001:{vrf}", step: /16, lans: 10`, `"remote_{i:03}_{vrf}", rd: "65001:{vrf}", step: /16, lans: 9`, 1)
	if strings.Count(less, "\n") != strings.Count(string(full), "\n")-1 || !strings.Contains(less, "lans: 9") {
		t.Fatal("the catalogue's file is not what this test edits")
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(l.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(less)
	l.up(t)
	l.mustExec(t, "host_001_101", "ping", "-c", "2", "-i", "0.1", "30.1.0.2")
	sessions, flows, before := table[status.Peer](t, l, "peer"), flowPackets(t, l), numbers(t, l)

	write(string(full))
	out := must(t, "up", l.file, "--runtime", "netns")
	for _, want := range []string{"added host host_009_401", "changed host remote_001_101", "changed router pe1"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "host_001_101") {
		t.Errorf("up mentions a host that the edit does not touch:\n%s", out)
	}
	for i, p := range table[status.Peer](t, l, "peer") {
		if !p.Since.Equal(sessions[i].Since) {
			t.Errorf("the session of %s went down: established %s, before %s", p.Router, p.Since, sessions[i].Since)
		}
	}
	counted := flowPackets(t, l)
	for row, packets := range flows {
		if got := counted[row]; got < packets {
			t.Errorf("row %q has counted %d packets and now has %d", row, packets, got)
		}
	}
	after := numbers(t, l)
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			t.Errorf("changed: %s", line)
		}
	}
	l.mustExec(t, "host_009_401", "ping", "-c", "1", "-W", "2", "130.9.9.1")
	l.mustExec(t, "host_001_101", "ping", "-c", "1", "-W", "2", "130.1.9.1")

	write(less)
	out = must(t, "up", l.file, "--runtime", "netns")
	if !strings.Contains(out, "removed host host_009_401") {
		t.Errorf("up does not say what it removed:\n%s", out)
	}
	if got := numbers(t, l); got != before {
		t.Errorf("after adding and removing:\n%s\nwant\n%s", got, before)
	}
	if out := command("ip", "netns").stdout; strings.Contains(out, "pw-pwt-edit-host_009_401") {
		t.Error("the removed host's namespace still exists")
	}
}

const twoHosts = `
name: pwt-late
routers: {a: {as: 65001}, b: {as: 65002}}
links: [{ends: [a:eth1, b:eth1], subnets: [192.168.0.0/30]}]
redistribute: {connected: hosts}
vrfs: {red: {rts: "1:1"}}
hosts:
  h1: {to: a, vrf: red, addresses: [10.1.0.2/24]}
  h2: {to: b, vrf: red, addresses: [10.2.0.2/24]}
`

// Exactly what has not converged in time is named; a lab that ran before keeps
// running.
func TestRealTimeoutNamesWhatIsMissing(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-late", twoHosts)
	l.up(t)
	l.mustExec(t, "h1", "ip", "link", "set", "eth0", "arp", "off")
	eventually(t, 30*time.Second, func() error {
		for _, n := range table[status.Neighbor](t, l, "arp", "--vrf", "red", "--router", "a") {
			if n.Address.String() == "10.1.0.2" && n.MAC != "" {
				return fmt.Errorf("the silent host still counts as up: %+v", n)
			}
		}
		return nil
	})
	r := pseudowan("up", l.file, "--runtime", "netns", "--timeout", "2s")
	if r.code != 3 {
		t.Errorf("exit code %d; want 3\n%s", r.code, r.stderr)
	}
	for _, want := range []string{"host h1 does not answer for 10.1.0.2", "route 10.1.0.2/32 from a has not been received"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("the error does not name %q:\n%s", want, r.stderr)
		}
	}
	_, missing, _ := strings.Cut(r.stderr, "missing:")
	if strings.Contains(missing, "10.2.0.2") || strings.Contains(missing, "session") {
		t.Errorf("the error names what is not missing:\n%s", r.stderr)
	}
	l.mustExec(t, "h1", "ip", "link", "set", "eth0", "arp", "on")
	must(t, "up", l.file, "--runtime", "netns")
	l.mustExec(t, "h1", "ping", "-c", "1", "-W", "2", "10.2.0.2")
}

// A new lab that does not converge in time is undone.
func TestRealTimeoutUndoes(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-undo", strings.Replace(twoHosts, "pwt-late", "pwt-undo", 1))
	r := pseudowan("up", l.file, "--runtime", "netns", "--timeout", "20ms")
	if r.code != 3 || !strings.Contains(r.stderr, "missing") {
		t.Errorf("exit code %d; want 3\n%s", r.code, r.stderr)
	}
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// A router whose place another one takes, with the same addresses, cannot reset
// the connections of its predecessor: the sessions have an MD5 password. The
// others notice nevertheless, and long before the hold time ends.
func TestRealRouterReplacedUnderAPassword(t *testing.T) {
	file := `name: pwt-replaced
routers: {pe1: {as: 65000}, pe2: {as: 65000, id: 10.255.1.2}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.1.0/30], bgp: {password: secret, hold-time: 10m}}]
vrfs: {red: {rts: "65000:1"}}
hosts: {a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}, b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}}
`
	l := fromText(t, t.TempDir(), "pwt-replaced", file)
	l.up(t)
	if err := os.WriteFile(l.file, []byte(strings.ReplaceAll(file, "pe2", "pe9")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "up", l.file, "--runtime", "netns", "--timeout", "20s")
	l.mustExec(t, "a", "ping", "-c", "2", "-i", "0.1", "10.2.0.2")
}
