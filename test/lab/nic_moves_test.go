package lab

import (
	"strings"
	"testing"

	"pseudowan/status"
)

// A running lab takes another NIC by --nic, and gives the first back; without the flag
// it keeps the one that it has, and a NIC that does not exist changes nothing.
func TestRealNICOfAnotherName(t *testing.T) {
	exists := func(nic string) bool { return command("ip", "link", "show", nic).code == 0 }
	for _, nic := range []string{"pwtmv0", "pwtmv1"} {
		if r := command("ip", "link", "add", nic, "up", "type", "veth", "peer", "name", nic+"x"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		t.Cleanup(func() { command("ip", "link", "del", nic+"x") })
		command("ip", "link", "set", nic+"x", "up")
	}
	l := fromText(t, t.TempDir(), "pwt-moves", strings.ReplaceAll(strings.ReplaceAll(nicTopology, "pwt-nic", "pwt-moves"), "NIC", "wan"))
	l.up(t, "--nic", "wan=pwtmv0")
	up := func(args ...string) string {
		t.Helper()
		return must(t, append([]string{"up", l.file, "--runtime", "netns"}, args...)...)
	}
	if out := up(); exists("pwtmv0") || !strings.Contains(out, "nothing to change") {
		t.Errorf("without --nic: %s", out)
	}
	if r := pseudowan("up", l.file, "--runtime", "netns", "--nic", "wan=pwtmv9"); r.code != 1 || !strings.Contains(r.stderr, "NIC pwtmv9") || exists("pwtmv0") {
		t.Errorf("a NIC that is not there: exit code %d\n%s", r.code, r.stderr)
	}
	if r := pseudowan("up", l.file, "--runtime", "netns", "--nic", "eth1=pwtmv1"); r.code != 2 || !strings.Contains(r.stderr, "name one of wan with --nic") {
		t.Errorf("a NIC that the file does not have: exit code %d\n%s", r.code, r.stderr)
	}
	if out := up("--nic", "wan=pwtmv1"); !exists("pwtmv0") || exists("pwtmv1") || !strings.Contains(out, "changed router pe1") {
		t.Errorf("another NIC: %s", out)
	}
	for _, i := range table[status.Interface](t, l, "interface") {
		if i.Name == "eth1" && i.Oper != status.InterfaceUp {
			t.Errorf("eth1 is %s with the other NIC", i.Oper)
		}
	}
	must(t, "down", l.name)
	if !exists("pwtmv0") || !exists("pwtmv1") {
		t.Error("a NIC has not come back")
	}
}
