package lab

import (
	"bytes"
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

// smallLab has two routers, two VPNs, and a host whose own command has the lab's
// name in it, so that residue sees it.
func smallLab(t testing.TB, name string) lab {
	t.Helper()
	return fromText(t, t.TempDir(), name, `name: `+name+`
routers:
  pe1: {as: 65000}
  pe2: {as: 65000}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
vrfs:
  red:  {rts: "65000:1"}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], command: [sh, -c, "while :; do sleep 1; done", `+name+`]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`)
}

// works fails the test unless the lab forwards, and its host's command runs in the
// host.
func (l lab) works(t testing.TB) {
	t.Helper()
	l.mustExec(t, "h1", "ping", "-c", "1", "-W", "2", "10.2.0.2")
	runs := commandsIn(l, "h1")
	for deadline := time.Now().Add(2 * time.Second); runs == 2 && time.Now().Before(deadline); {
		runs = commandsIn(l, "h1") // a forked child looks the same until it execs sleep
	}
	if runs != 1 {
		t.Errorf("in h1 its command runs %d times, want once", runs)
	}
}

// commandsIn counts the own commands of a host in smallLab.
func commandsIn(l lab, node string) (n int) {
	for _, pid := range processesIn(l.netns(node)) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if bytes.HasPrefix(line, []byte("sh\x00-c\x00while :")) {
			n++
		}
	}
	return n
}

// processesIn lists the processes in a network namespace.
func processesIn(path string) []int {
	want, err := os.Stat(path)
	if err != nil {
		return nil
	}
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/ns/net")
	for _, f := range files {
		if has, err := os.Stat(f); err == nil && os.SameFile(has, want) {
			pid, _ := strconv.Atoi(strings.Split(f, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone fails the test unless nothing is left of the lab.
func (l lab) gone(t testing.TB) {
	t.Helper()
	if left := residue(l); len(left) > 0 {
		t.Fatalf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// sabotages returns what somebody may do to a running lab by hand.
func sabotages() map[string]func(testing.TB, lab) {
	shell := func(line string) func(testing.TB, lab) {
		return func(t testing.TB, l lab) {
			t.Helper()
			if r := command("sh", "-c", strings.ReplaceAll(line, "LAB", l.name)); r.code != 0 {
				t.Fatalf("%s: %s", line, r.stderr)
			}
		}
	}
	return map[string]func(testing.TB, lab){
		"the lab's namespace deleted":    shell("ip netns del pw-LAB"),
		"a router's namespace deleted":   shell("ip netns del pw-LAB-pe1"),
		"a host's namespace deleted":     shell("ip netns del pw-LAB-h1"),
		"all namespaces deleted":         shell("for n in pw-LAB pw-LAB-pe1 pw-LAB-pe2 pw-LAB-h1 pw-LAB-h2; do ip netns del $n; done"),
		"a router's namespace unmounted": shell("umount -l /run/netns/pw-LAB-pe2"),
		"all namespaces unmounted":       shell("for n in /run/netns/pw-LAB*; do umount -l $n; done"),
		"the run directory deleted":      shell("until rm -rf /run/pseudowan/LAB; do :; done"),
		"the state directory deleted":    shell("rm -rf /var/lib/pseudowan/LAB"),
		"an empty file in place of a namespace": shell(
			// A name may have been restored before it is touched.
			"for n in pw-LAB-h2 pw-LAB; do for i in 1 2 3 4 5; do ip netns del $n; touch /run/netns/$n && break; done; done"),
		"a host's lo renamed":            shell("ip -n pw-LAB-h1 link set lo alias mine"),
		"a host's lo unnamed":            shell("ip -n pw-LAB-h1 link set lo alias ''"),
		"a host that says it is another": shell("ip -n pw-LAB-h1 link set lo alias 'pseudowan lab=other kind=lab'"),
		"a host that says it is a router": shell(
			"ip -n pw-LAB-h1 link set lo alias 'pseudowan lab=LAB node=pe1 kind=router'"),
		"a wire's far end renamed": shell("ip -n pw-LAB-h1 link set eth0 alias mine"),
		"a wire's far end deleted": shell("ip -n pw-LAB-h1 link del eth0"),
		"a host that makes namespaces": func(t testing.TB, l lab) {
			startInside(t, l, "ip netns add inner; ip -n inner link set lo alias 'pseudowan lab="+l.name+" node=pe2 kind=router'")
		},
		"the keeper killed":    func(_ testing.TB, l lab) { killByArgs(syscall.SIGKILL, "keeper", l.name) },
		"the agents killed":    func(_ testing.TB, l lab) { killByArgs(syscall.SIGKILL, "agent", l.name) },
		"the keeper asked out": func(_ testing.TB, l lab) { killByArgs(syscall.SIGTERM, "keeper", l.name) },
	}
}

// startInside runs a line in h1, and then a process that stays, in the namespace
// inner if there is one.
func startInside(t testing.TB, l lab, line string) {
	t.Helper()
	cmd := exec.Command(program, "exec", "--lab", l.name, "h1", "--", "sh", "-c",
		line+"; echo ready; exec ip netns exec inner sh -c 'while :; do sleep 1; done' "+l.name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it ends with the lab, unless the test fails before
		_ = cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// killByArgs signals the lab's own processes of a kind.
func killByArgs(sig syscall.Signal, kind, name string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		line, _ := os.ReadFile(f)
		if !bytes.HasPrefix(line, []byte("/proc/self/exe\x00"+kind+"\x00--lab\x00"+name+"\x00")) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(f, "/")[2]); err == nil {
			syscall.Kill(pid, sig)
		}
	}
}

// Whatever somebody does to a lab by hand, down removes the lab and up mends it.
func TestRealSabotage(t *testing.T) {
	for what, do := range sabotages() {
		t.Run(what, func(t *testing.T) {
			l := smallLab(t, "pwt-sab")
			l.up(t)
			do(t, l)
			must(t, "up", l.file, "--runtime", "netns", "--timeout", patience(20*time.Second).String())
			l.works(t)
			do(t, l)
			must(t, "down", l.name)
			l.gone(t)
		})
	}
}

// All sabotages at once.
func TestRealSabotageCombined(t *testing.T) {
	l := smallLab(t, "pwt-sabs")
	all := sabotages()
	inside := []string{"a host that makes namespaces", "a host that says it is another", "a wire's far end renamed"}
	for _, order := range [][]string{
		{"all namespaces unmounted", "the run directory deleted", "the state directory deleted", "the keeper killed"},
		{"an empty file in place of a namespace", "a router's namespace deleted", "the run directory deleted", "the agents killed"},
		{"all namespaces deleted", "the state directory deleted", "the run directory deleted"},
	} {
		for _, next := range []string{"down", "up"} {
			l.up(t)
			for _, what := range slices.Concat(inside, order) {
				all[what](t, l)
			}
			if next == "up" {
				must(t, "up", l.file, "--runtime", "netns")
				l.works(t)
			}
			must(t, "down", l.name)
			l.gone(t)
		}
	}
}

// If all names, files and directories of a lab are gone, down without a name still
// finds it by its processes.
func TestRealDownOfALabWithoutNames(t *testing.T) {
	l := smallLab(t, "pwt-nameless")
	l.up(t)
	for _, what := range []string{"all namespaces deleted", "the run directory deleted", "the state directory deleted"} {
		sabotages()[what](t, l)
	}
	must(t, "down", l.name)
	l.gone(t)
	if r := pseudowan("down", l.name); r.code != 4 {
		t.Errorf("a second down: exit code %d, want 4\n%s", r.code, r.stderr)
	}
}

// A host that has another lab's mark inside is not removed with that lab.
func TestRealForgedMarksSpareOtherLabs(t *testing.T) {
	a, b := smallLab(t, "pwt-forge-a"), smallLab(t, "pwt-forge-b")
	a.up(t)
	b.up(t)
	for _, kind := range []string{"node=h1 kind=host", "node=pe1 kind=router", "kind=lab"} {
		a.mustExec(t, "h1", "ip", "link", "set", "lo", "alias", "pseudowan lab="+b.name+" "+kind)
		id := inode(t, a.netns("h1"))
		must(t, "down", b.name)
		b.gone(t)
		if inode(t, a.netns("h1")) != id {
			t.Fatalf("%s: the host was replaced", kind)
		}
		a.works(t)
		must(t, "up", b.file, "--runtime", "netns")
		b.works(t)
	}
}

// An empty file that no lab uses stays.
func TestRealForeignEmptyFile(t *testing.T) {
	l := smallLab(t, "pwt-empty")
	l.up(t)
	foreign := "/run/netns/pw-" + l.name + "-other"
	if err := os.WriteFile(foreign, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(foreign)
	must(t, "down", l.name)
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("the foreign file: %v", err)
	}
	// One with a name of the lab is no obstacle.
	own := "/run/netns/pw-" + l.name
	if err := os.WriteFile(own, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(own)
	if r := pseudowan("down", l.name); r.code != 4 {
		t.Errorf("down of a lab that is not there: exit code %d\n%s", r.code, r.stderr)
	}
	must(t, "up", l.file, "--runtime", "netns")
	must(t, "down", l.name)
	if _, err := os.Stat(own); err == nil {
		t.Error("the file that the lab took is left")
	}
	// One that is not empty belongs to somebody.
	if err := os.WriteFile(own, []byte("x"), 0o444); err != nil {
		t.Fatal(err)
	}
	if r := pseudowan("up", l.file, "--runtime", "netns"); r.code != 1 || !strings.Contains(r.stderr, "not made by pseudowan for this") {
		t.Errorf("up over a file with something in it: exit code %d\n%s", r.code, r.stderr)
	}
}

// A damaged file is no reason to rebuild a working lab.
func TestRealDamagedPlan(t *testing.T) {
	l := smallLab(t, "pwt-plan")
	l.up(t)
	state := "/var/lib/pseudowan/" + l.name
	plan, err := os.ReadFile(state + "/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	before := numbers(t, l)
	for what, text := range map[string]string{"cut": string(plan[:len(plan)/2]), "empty": "", "another": `{"lab": "x"}`, "nothing": "null"} {
		if err := os.WriteFile(state+"/plan.json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
			t.Errorf("%s: up says\n%s", what, out)
		}
		if after, err := os.ReadFile(state + "/plan.json"); err != nil || !bytes.Equal(after, plan) {
			t.Errorf("%s: the plan is not put right: %v", what, err)
		}
	}
	// Its copy is damaged, too, and so is the file of changes.
	for _, file := range []string{state + "/plan.json", state + "/change.json", "/run/pseudowan/" + l.name + "/.plan.json"} {
		if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "damaged") {
		t.Errorf("up says\n%s", out)
	}
	l.works(t)
	if after := numbers(t, l); after != before {
		t.Errorf("numbers were\n%s\nand are\n%s", before, after)
	}
}

// Commands wait a while for a lab's lock, and then name its holder.
func TestRealLockNamesItsHolder(t *testing.T) {
	l := smallLab(t, "pwt-lock")
	dir := "/run/pseudowan/.lock"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	holder := exec.Command("flock", dir+"/"+l.name, "sleep", "60")
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, func() error {
		if r := command("flock", "--nonblock", dir+"/"+l.name, "true"); r.code == 0 {
			return fmt.Errorf("the lock is not held yet")
		}
		return nil
	})
	for _, args := range [][]string{{"up", l.file}, {"up", l.file, "--timeout", "1s"}} {
		begin := time.Now()
		r := pseudowan(args...)
		if r.code != 1 || !strings.Contains(r.stderr, strconv.Itoa(holder.Process.Pid)) || !strings.Contains(r.stderr, "flock") {
			t.Errorf("%v: exit code %d\n%s; want process %d named", args, r.code, r.stderr, holder.Process.Pid)
		}
		if took := time.Since(begin); took > patience(5*time.Second) {
			t.Errorf("%v took %s", args, took)
		}
	}
	holder.Process.Kill()
	holder.Wait()
	// The child of flock(1), sleep, still has the lock.
	command("fuser", "-k", dir+"/"+l.name)
	eventually(t, 5*time.Second, func() error {
		if r := pseudowan("down", l.name); r.code != 4 {
			return fmt.Errorf("down that finds only a lock file: exit code %d\n%s", r.code, r.stderr)
		}
		return nil
	})
	l.gone(t)
}

// Anybody may lock the directory of namespaces, but that delays no lab.
func TestRealDirectoryOfNamespacesLocked(t *testing.T) {
	l := smallLab(t, "pwt-dirlock")
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open("/run/netns")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	l.up(t)
	must(t, "down", l.name)
	if took := time.Since(begin); took > patience(20*time.Second) {
		t.Errorf("up and down took %s", took)
	}
	l.gone(t)
}

// A command whose reader goes away continues: nothing is left half built or half
// removed.
func TestRealNobodyReads(t *testing.T) {
	l := smallLab(t, "pwt-pipe")
	unread := func(args ...string) int {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		defer w.Close()
		cmd := exec.Command(program, withPatience(args)...)
		cmd.Stdout, cmd.Stderr = w, w
		_ = cmd.Run() // its exit code is asked for
		return cmd.ProcessState.ExitCode()
	}
	t.Cleanup(func() { pseudowan("down", l.name) })
	const noReader = 141
	for _, what := range []string{"starts", "changes nothing"} {
		if code := unread("up", l.file, "--runtime", "netns"); code != noReader {
			t.Fatalf("up that %s: exit code %d, want %d", what, code, noReader)
		}
		l.works(t)
	}
	for _, args := range [][]string{{"ps"}, {"show", "vrf", "--lab", l.name}, {"verify", l.name, "--all"}, {"show", "flow", "--lab", l.name, "-o", "json"}} {
		if code := unread(args...); code != noReader {
			t.Errorf("%v: exit code %d, want %d", args, code, noReader)
		}
	}
	if code := unread("down", l.name); code != noReader {
		t.Errorf("down: exit code %d, want %d", code, noReader)
	}
	l.gone(t)
}
