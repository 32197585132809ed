package lab

import (
	"bytes"
	"errors"
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
)

const oneRouter = `
name: pwt-heal
routers: {pe1: {as: 65000, id: 10.0.0.1}}
vrfs: {red: {rts: "1:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  h2: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
`

// keeperPID returns the PID of the lab's keeper.
func keeperPID(t *testing.T, l lab) int {
	t.Helper()
	for pid, line := range commandLines(t) {
		if line == "/proc/self/exe keeper --lab "+l.name {
			return pid
		}
	}
	t.Fatal("the lab has no keeper")
	return 0
}

// killAll kills all processes of a lab without warning, its keeper first.
func killAll(t *testing.T, l lab) {
	t.Helper()
	kill := func(pid int) {
		// A switch ends when its agent does.
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	kill(keeperPID(t, l))
	var killed []string
	for pid, line := range commandLines(t) {
		of := strings.HasPrefix(line, "/proc/self/exe agent --lab "+l.name+" ") || strings.Contains(line, "/run/pseudowan/"+l.name+"/")
		if of {
			kill(pid)
			killed = append(killed, strings.Fields(line)[0])
		}
	}
	for _, want := range []string{"/proc/self/exe", "ovsdb-server", "ovs-vswitchd"} {
		if !slices.Contains(killed, want) {
			t.Fatalf("killed %q; no %s among them", killed, want)
		}
	}
}

// commandLines returns the command lines of all processes, by PID, with blanks
// between words.
func commandLines(t *testing.T) map[int]string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[int]string)
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err != nil {
			continue // it has just ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err != nil {
			t.Fatal(err)
		}
		lines[pid] = strings.TrimSuffix(strings.ReplaceAll(string(line), "\x00", " "), " ")
	}
	return lines
}

// Up mends whatever is broken in a lab: the namespace of a router, the run
// directory, the keeper. It distinguishes the keeper from a user's own process in
// the lab's namespace, and applies an edit for which a router has to start afresh.
func TestRealUpHealsTheLabItself(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-heal", oneRouter)
	l.up(t)
	var users *exec.Cmd
	steps := []struct {
		what string
		ruin func()
	}{
		{"nothing", func() {}},
		{"the router's namespace is deleted", func() {
			if r := command("ip", "netns", "del", "pw-"+l.name+"-pe1"); r.code != 0 {
				t.Fatal(r.stderr)
			}
		}},
		{"the run directory is deleted", func() {
			if err := os.RemoveAll("/run/pseudowan/" + l.name); err != nil {
				t.Fatal(err)
			}
		}},
		{"the keeper is killed", func() {
			if err := syscall.Kill(keeperPID(t, l), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}},
		{"the keeper is killed while a user's process is in the lab's namespace", func() {
			users = exec.Command("ip", "netns", "exec", "pw-"+l.name, "sleep", "1000")
			if err := users.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { users.Process.Kill(); users.Wait() })
			if err := syscall.Kill(keeperPID(t, l), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}},
		{"the router's id is edited", func() {
			l = fromText(t, filepath.Dir(l.file), l.name, strings.Replace(oneRouter, "10.0.0.1", "10.0.0.9", 1))
		}},
	}
	for _, s := range steps {
		s.ruin()
		must(t, "up", l.file, "--runtime", "netns")
		if r := l.exec("h1", "ping", "-c", "1", "-W", "2", "10.2.0.2"); r.code != 0 {
			t.Errorf("%s, then up: no way through the router\n%s", s.what, r.stdout)
		}
	}
	if err := users.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the user's own process in the lab's namespace: %v", err)
	}
}

// An edit reaches a running lab even if nobody waits for the lab to converge.
func TestRealEditWithoutWaiting(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-nowait", strings.Replace(oneRouter, "pwt-heal", "pwt-nowait", 1))
	l.up(t)
	more := strings.Replace(oneRouter, "pwt-heal", "pwt-nowait", 1) + "  h3: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}\n"
	l = fromText(t, filepath.Dir(l.file), l.name, more)
	must(t, "up", l.file, "--runtime", "netns", "--no-wait")
	eventually(t, 10*time.Second, func() error {
		if r := l.exec("h1", "ping", "-c", "1", "-W", "1", "10.3.0.2"); r.code != 0 {
			return fmt.Errorf("the new host is not reached")
		}
		return nil
	})
}

// Up corrects flows that somebody has changed, and says how many.
func TestRealUpCorrectsFlows(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-flows", strings.Replace(oneRouter, "pwt-heal", "pwt-flows", 1))
	l.up(t)
	all := strings.Count(l.mustExec(t, "pe1", "ovs-ofctl", "dump-flows", "br0", "--no-stats"), "\n")
	for _, ruin := range []struct {
		argv []string
		want int
	}{
		{[]string{"del-flows", "br0"}, all},
		{[]string{"mod-flows", "br0", "table=0,ip,in_port=3,nw_dst=10.1.0.1,actions=drop"}, 1},
		{[]string{"add-flow", "br0", "priority=9999,actions=drop"}, 1},
	} {
		l.mustExec(t, "pe1", append([]string{"ovs-ofctl"}, ruin.argv...)...)
		said := must(t, "up", l.file, "--runtime", "netns")
		if want := fmt.Sprintf("corrected %d flows of router pe1\n", ruin.want); !strings.Contains(said, want) {
			t.Errorf("%q: up says\n%s\nwant %s", ruin.argv, said, want)
		}
		if r := l.exec("h1", "ping", "-c", "1", "-W", "2", "10.2.0.2"); r.code != 0 {
			t.Errorf("%q, then up: no way through the router\n%s", ruin.argv, r.stdout)
		}
	}
	if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "nothing to change") {
		t.Errorf("the next up says\n%s", said)
	}
}

// An interrupted change of a running lab says so, and the next up reports what it
// puts right, even if the file is unchanged.
func TestRealChangeCutShort(t *testing.T) {
	text := strings.Replace(oneRouter, "pwt-heal", "pwt-part", 1)
	l := fromText(t, t.TempDir(), "pwt-part", text)
	l.up(t)
	edited := fromText(t, t.TempDir(), l.name, strings.Replace(text, "10.2.0.2", "10.2.0.9", 1)+"  h3: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}\n")
	change := "/var/lib/pseudowan/" + l.name + "/change.json"
	for range 10 {
		cmd := exec.Command(program, "up", edited.file, "--runtime", "netns")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for _, err := os.Stat(change); err != nil && len(ended) == 0; _, err = os.Stat(change) {
			time.Sleep(time.Millisecond)
		}
		cmd.Process.Signal(syscall.SIGINT)
		<-ended
		if _, err := os.Stat(change); err != nil { // up was faster
			must(t, "up", l.file, "--runtime", "netns")
			continue
		}
		if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(out.String(), "lab pwt-part is changed in part") {
			t.Errorf("exit code %d\n%s", code, out.String())
		}
		said := must(t, "up", l.file, "--runtime", "netns")
		if !strings.Contains(said, "changed router pe1\n") || !strings.Contains(said, "changed host h2\n") || !strings.Contains(said, "removed host h3\n") {
			t.Errorf("the next up says\n%s", said)
		}
		if r := l.exec("h1", "ping", "-c", "1", "-W", "2", "10.2.0.2"); r.code != 0 {
			t.Errorf("h2 has changed: %s", r.stdout)
		}
		if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "nothing to change") {
			t.Errorf("the up after that says\n%s", said)
		}
		return
	}
	t.Error("no change was interrupted")
}

// Up reports everything that it puts right without an edit.
func TestRealUpSaysWhatItPutsRight(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-heal", oneRouter)
	l.up(t)
	const wire = `wire=$(ip -o link | sed -n 's/^[0-9]*: \([^@]*\)@.*pe1:h1:eth0.*/\1/p'); `
	for _, c := range []struct{ node, broken, said string }{
		{"pe1", "ip link set $wire down", "put right wire pe1:h1:eth0 -- h1:eth0\n"},
		{"pe1", "ip link set $wire mtu 600", "put right wire pe1:h1:eth0 -- h1:eth0\n"},
		{"pe1", "ip link del $wire", "put right wire pe1:h1:eth0 -- h1:eth0\n"},
		{"h1", "ip link set eth0 down", "put right wire pe1:h1:eth0 -- h1:eth0\n"},
		{"h1", "ip addr flush dev eth0", "put right interfaces of host h1\n"},
		{"h1", "ip route del default", "put right interfaces of host h1\n"},
		{"h1", "ip link set lo down", "put right interfaces of host h1\n"},
	} {
		must(t, "exec", "--lab", l.name, c.node, "--", "sh", "-c", wire+c.broken)
		said := must(t, "up", l.file, "--runtime", "netns")
		if !strings.Contains(said, c.said) || strings.Contains(said, "nothing to change") {
			t.Errorf("%s in %s, then up says %q, want %q", c.broken, c.node, said, c.said)
		}
		if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "nothing to change") {
			t.Errorf("%s in %s, then up twice says %q", c.broken, c.node, said)
		}
	}
}
