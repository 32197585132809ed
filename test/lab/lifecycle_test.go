package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// residue returns what is left of a lab on the server.
func residue(l lab) []string {
	var found []string
	// Other labs' names may begin with this one's.
	named := regexp.MustCompile(`(^|[^a-z0-9])` + regexp.QuoteMeta(l.name) + `($|[^a-z0-9])`)
	add := func(kind, text string) {
		for line := range strings.Lines(text) {
			if named.MatchString(line) {
				found = append(found, kind+": "+strings.TrimSpace(line))
			}
		}
	}
	add("namespace", command("ip", "netns", "list").stdout)
	add("interface", command("ip", "-d", "link", "show").stdout)
	add("mount", command("cat", "/proc/self/mounts").stdout)
	for _, root := range []string{"/run/pseudowan", "/run/pseudowan/.lock", "/var/lib/pseudowan"} {
		entries, _ := os.ReadDir(root)
		for _, e := range entries {
			add("file", filepath.Join(root, e.Name()))
		}
	}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		data, _ := os.ReadFile(path)
		add("process", string(bytes.ReplaceAll(data, []byte{0}, []byte{' '})))
	}
	return found
}

// links returns the server's own interfaces, but for those that stand in for NICs
// in tests: other packages' tests may run at the same time.
func links() (names []string) {
	for line := range strings.Lines(command("ip", "-o", "link").stdout) {
		if name := strings.Split(line, ": ")[1]; !strings.HasPrefix(name, "pwt") {
			names = append(names, name)
		}
	}
	return names
}

func TestRealUpAndDownLeaveNothing(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-cycle")
	before := links()
	for i := range rounds(20) {
		l.up(t)
		must(t, "down", l.name)
		if left := residue(l); len(left) > 0 {
			t.Fatalf("round %d: left behind:\n%s", i+1, strings.Join(left, "\n"))
		}
	}
	if after := links(); !slices.Equal(after, before) {
		t.Errorf("the server's interfaces were\n%q\nand are\n%q", before, after)
	}
}

// Ctrl-C at any moment undoes what was built; so do a supervisor's SIGTERM and the
// SIGHUPs that kernel and shell send when a terminal is closed.
func TestRealInterrupt(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-int")
	ends := [][]syscall.Signal{{syscall.SIGINT}, {syscall.SIGTERM}, {syscall.SIGHUP, syscall.SIGHUP}}
	for i := range max(rounds(10), len(ends)) {
		wait := patience(time.Duration(rand.IntN(1500)) * time.Millisecond)
		cmd := exec.Command(program, "up", l.file, "--runtime", "netns")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wait) // the random moment
		for _, s := range ends[i%len(ends)] {
			cmd.Process.Signal(s)
		}
		cmd.Wait()
		switch code := cmd.ProcessState.ExitCode(); code {
		case 130:
		case 0: // up was faster
			must(t, "down", l.name)
		default:
			if code != -1 || wait > patience(50*time.Millisecond) { // -1: before the handler was installed
				t.Errorf("round %d: exit code %d after %s\n%s", i+1, code, wait, out.String())
			}
		}
		if left := residue(l); len(left) > 0 {
			t.Fatalf("round %d, interrupted after %s: left behind:\n%s\n%s", i+1, wait, strings.Join(left, "\n"), out.String())
		}
	}
}

// down needs neither the file nor the directories.
func TestRealDownFromMarksAlone(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-marks")
	l.up(t)
	for _, dir := range []string{"/run/pseudowan/" + l.name, "/var/lib/pseudowan/" + l.name} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "down", l.name)
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// A namespace with a name like ours but without our mark makes up fail, and survives
// everything.
func TestRealForeignNamespaceSurvives(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-foreign")
	foreign := "pw-" + l.name + "-host_005_202"
	if r := command("ip", "netns", "add", foreign); r.code != 0 {
		t.Fatal(r.stderr)
	}
	t.Cleanup(func() { command("ip", "netns", "del", foreign) })
	id := inode(t, "/run/netns/"+foreign)
	r := pseudowan("up", l.file, "--runtime", "netns")
	if r.code == 0 || !strings.Contains(r.stderr, foreign) {
		t.Errorf("up: exit code %d\n%s", r.code, r.stderr)
	}
	if r := pseudowan("down", l.name); r.code != 4 {
		t.Errorf("down of a lab that does not exist: exit code %d; want 4\n%s", r.code, r.stderr)
	}
	if got := inode(t, "/run/netns/"+foreign); got != id {
		t.Error("the foreign namespace was replaced")
	}
}

func inode(t testing.TB, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// up of a running lab changes nothing, and its processes stay the same.
func TestRealUpTwice(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-twice")
	l.up(t)
	first := must(t, "ps", "--lab", l.name, "-o", "json")
	flows := flowPackets(t, l)
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
		t.Errorf("the second up says %q", out)
	}
	if second := must(t, "ps", "--lab", l.name, "-o", "json"); second != first {
		t.Errorf("ps before\n%s\nand after the second up\n%s", first, second)
	}
	for row := range flowPackets(t, l) {
		if _, ok := flows[row]; !ok {
			t.Errorf("the second up made the flow %s", row)
		}
	}
}

// A router's agent that dies is restarted and does its work.
func TestRealAgentCrash(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-crash")
	l.up(t)
	killAgent(t, l, "pe1")
	eventually(t, 30*time.Second, func() error {
		if r := l.exec("host_001_101", "ping", "-c", "1", "-W", "1", "130.1.0.1"); r.code != 0 {
			return fmt.Errorf("no way through pe1 after its agent was killed")
		}
		return nil
	})
}

// killAgent kills a router's agent without warning, and returns its PID.
func killAgent(t testing.TB, l lab, router string) int {
	t.Helper()
	all := nodes(t, l)
	i := slices.IndexFunc(all, func(n status.Node) bool { return n.Node == router })
	if i < 0 || all[i].PID == 0 || all[i].State != "running" {
		t.Fatalf("ps says %+v", all)
	}
	if err := syscall.Kill(all[i].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	return all[i].PID
}

// nodes returns the nodes that ps lists.
func nodes(t testing.TB, l lab) []status.Node {
	t.Helper()
	var all []status.Node
	if err := json.Unmarshal([]byte(must(t, "ps", "--lab", l.name, "-o", "json")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// numbers returns everything that must not depend on order or timing.
func numbers(t testing.TB, l lab) string {
	t.Helper()
	var b strings.Builder
	for _, i := range table[status.Interface](t, l, "interface") {
		fmt.Fprintf(&b, "%s %d %s %s %s %s\n", i.Router, i.Port, i.Name, i.MAC, i.VRF, i.Host)
	}
	for _, n := range table[status.Neighbor](t, l, "arp") {
		if n.VRF != "" {
			fmt.Fprintf(&b, "%s %d %s %s\n", n.Router, n.Port, n.Address, n.MAC)
		}
	}
	for _, m := range table[status.MPLS](t, l, "mpls") {
		fmt.Fprintf(&b, "%s %s %s %s %d\n", m.Router, m.VRF, m.Direction, m.Prefix, m.Label)
	}
	return b.String()
}
