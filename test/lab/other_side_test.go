package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// farPE is the real router of pseudo-wan-eth1: another lab, at the other end of the
// NIC's cable.
const farPE = `
name: pwt-far
routers: {pe2: {as: 65002, id: 10.10.10.2, labels: 2000-2999}}
links:
- nic: pwteth1
  ends: {pe2:eth1: {address: 192.168.0.2/30}}
  bgp: {peer: 192.168.0.1, as: 65001, families: [vpnv4]}
redistribute: {connected: hosts, static: true}
series:
- {on: pe2, name: "remote_{i:03}_{vrf}", rd: "65001:{vrf}", step: /16, lans: 10, rows: [
    {vrfs: [101-103, 201-203, 301-302, 401-402], subnet: 30.1.0.0/24, lan: 130.1.0.0/24}]}
`

// pseudo-wan-eth1 with a router behind its NIC: what is outside is verified; the loss
// of the carrier ends the session at once, and its return brings it back.
func TestRealOtherSide(t *testing.T) {
	const near, far = "pwteth0", "pwteth1"
	if r := command("ip", "link", "add", near, "type", "veth", "peer", "name", far); r.code != 0 {
		t.Fatal(r.stderr)
	}
	t.Cleanup(func() { command("ip", "link", "del", near) })
	other := fromText(t, t.TempDir(), "pwt-far", farPE)
	l := fromCatalog(t, t.TempDir(), "pseudo-wan-eth1", "pwt-eth1", func(text string) string {
		return text + "expect: [host_001_101 -> remote_001_101, host_001_101 !-> remote_002_102]\n"
	})
	if r := pseudowan("up", l.file, "--runtime", "netns"); r.code != 1 || !strings.Contains(r.stderr, "NIC eth1") {
		t.Fatalf("up without the server's NIC: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	other.up(t)
	l.up(t, "--nic", "eth1="+near)
	l.waitPeer(t, status.SessionEstablished, "")
	l.verifySoon(t)
	tryAll(t, l, "pseudo-wan-eth1")
	code, traced := traced(t, l, "host_001_101", "30.1.0.2")
	if last := traced.Real[len(traced.Real)-1]; code != 0 || traced.Outcome != "leaves router pe1 by eth1 for remote_001_101, outside the lab" || last.Node != "remote_001_101" {
		t.Errorf("trace: exit code %d: %+v", code, traced)
	}
	if again := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(again, "nothing to change") {
		t.Errorf("up again, without --nic, says %q", again)
	}
	l.editOutside(t)
	l.cutTheCable(t, other, far)
	l.verifySoon(t)
	if r := pseudowan("verify", l.name, "--from", "remote_001_101"); r.code != 2 || !strings.Contains(r.stderr, "outside lab") {
		t.Errorf("from outside: exit code %d\n%s", r.code, r.stderr)
	}
	must(t, "verify", l.name, "--to", "remote_001_101")
	must(t, "down", l.name)
	if r := command("ip", "link", "show", near); r.code != 0 {
		t.Errorf("the NIC has not come back: %s", r.stderr)
	}
}

// editOutside changes what the file says to be outside while the lab runs: nothing
// restarts, and verify tests what is said now.
func (l lab) editOutside(t *testing.T) {
	t.Helper()
	since := table[status.Peer](t, l, "peer")[0].Since
	before, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, strings.Replace(string(before), "{vrf: 101, addresses: [30.1.0.2, 130.1.0.1]}", "{vrf: 101, addresses: [30.1.0.2, 30.1.0.77]}", 1))
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
		t.Errorf("up after an edit of outside says %q", out)
	}
	if r := pseudowan("verify", l.name, "--timeout", "1s", "--from", "host_001_101"); r.code != 1 || !strings.Contains(r.stdout, "30.1.0.77") {
		t.Errorf("verify of an address that nobody has: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.write(t, string(before))
	must(t, "up", l.file, "--runtime", "netns")
	if now := table[status.Peer](t, l, "peer")[0].Since; !now.Equal(since) {
		t.Errorf("the session has restarted: %s and %s", since, now)
	}
}

// cutTheCable sets the far end of the NIC down, and up again.
func (l lab) cutTheCable(t *testing.T, other lab, far string) {
	t.Helper()
	set := func(state string) {
		t.Helper()
		if r := command("ip", "-n", "pw-"+other.name+"-pe2", "link", "set", "n-eth1", state); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	began := time.Now()
	set("down")
	l.waitPeer(t, status.SessionState("idle"), "interface eth1 has no carrier")
	if took := time.Since(began); took > patience(5*time.Second) {
		t.Errorf("%s: the session ends %s after the carrier, which the hold time could have done", far, took)
	}
	for _, i := range table[status.Interface](t, l, "interface") {
		if strings.HasSuffix(i.Name, "eth1") && i.Host == "" && i.Oper != status.InterfaceDown {
			t.Errorf("interface %s is %s", i.Name, i.Oper)
		}
	}
	if r := pseudowan("verify", l.name, "--timeout", "1s", "--to", "remote_001_101"); r.code != 1 || !strings.Contains(r.stdout, "interface eth1 has no carrier") {
		t.Errorf("verify with the cable cut: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	set("up")
	l.waitPeer(t, status.SessionEstablished, "")
}

// waitPeer waits for the state of the lab's only session.
func (l lab) waitPeer(t *testing.T, state status.SessionState, reason string) {
	t.Helper()
	eventually(t, patience(20*time.Second), func() error {
		for _, p := range table[status.Peer](t, l, "peer") {
			if p.State != state || p.Reason != reason {
				return fmt.Errorf("the session is %s: %q; want %s: %q", p.State, p.Reason, state, reason)
			}
		}
		return nil
	})
}

// verifySoon waits until the routes of the real router are there, and verifies.
func (l lab) verifySoon(t *testing.T) {
	t.Helper()
	eventually(t, patience(20*time.Second), func() error {
		if r := pseudowan("verify", l.name); r.code != 0 {
			return fmt.Errorf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		return nil
	})
}

// A NIC that the server's default route or one's own SSH session uses is lent with
// --force alone; down gives it back as it was.
func TestRealNeededNIC(t *testing.T) {
	if r := command("ip", "route", "show", "default"); r.stdout != "" {
		t.Skip("this server has a default route of its own")
	}
	run := func(argv ...string) {
		t.Helper()
		if r := command(argv...); r.code != 0 {
			t.Fatalf("%v: %s", argv, r.stderr)
		}
	}
	run("ip", "link", "add", "pwtneed0", "type", "veth", "peer", "name", "pwtneed1")
	t.Cleanup(func() { command("ip", "link", "del", "pwtneed1") })
	run("ip", "link", "set", "pwtneed0", "up")
	run("ip", "link", "set", "pwtneed1", "up")
	run("ip", "address", "add", "198.51.100.2/24", "dev", "pwtneed0")
	l := fromText(t, t.TempDir(), "pwt-need", strings.ReplaceAll(strings.ReplaceAll(nicTopology, "pwt-nic", "pwt-need"), "NIC", "pwtneed0"))
	refusal := func(why string) {
		t.Helper()
		r := pseudowan("up", l.file, "--runtime", "netns")
		if r.code != 1 || !strings.Contains(r.stderr, why) || !strings.Contains(r.stderr, "--force") {
			t.Errorf("up: exit code %d\n%s%s\nwant %q", r.code, r.stdout, r.stderr, why)
		}
		if command("ip", "link", "show", "pwtneed0").code != 0 || pseudowan("ps").stdout != "" && strings.Contains(pseudowan("ps").stdout, l.name) {
			t.Error("something was touched")
		}
	}
	t.Setenv("SSH_CONNECTION", "203.0.113.5 50000 198.51.100.2 22")
	refusal("your SSH session from 203.0.113.5")
	t.Setenv("SSH_CONNECTION", "198.51.100.7 50000 192.0.2.1 22") // the way back is through it
	refusal("your SSH session from 198.51.100.7")
	t.Setenv("SSH_CONNECTION", "")
	for _, route := range [][]string{
		{"default", "via", "198.51.100.1"}, {"default", "via", "198.51.100.1", "table", "77"}, {"default", "nexthop", "via", "198.51.100.1", "nexthop", "via", "198.51.100.3"},
	} {
		run(append([]string{"ip", "route", "add"}, route...)...)
		refusal("the server's default route")
		run(append([]string{"ip", "route", "del"}, route...)...)
	}
	run("ip", "route", "add", "default", "via", "198.51.100.1")
	before := command("ip", "route", "show", "dev", "pwtneed0").stdout
	l.up(t, "--force")
	must(t, "up", l.file, "--runtime", "netns") // what is lent is not asked about again
	must(t, "down", l.name)
	if after := command("ip", "route", "show", "dev", "pwtneed0").stdout; after != before {
		t.Errorf("the routes were\n%s\nand come back as\n%s", before, after)
	}
}
