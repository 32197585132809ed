package netns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

// A command that is no longer wanted, or has been replaced, ends.
func TestRealNetNSCommandFollowsAnEdit(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	first := h.EnsureCommand(t, "sleep", "1000")
	second := h.EnsureCommand(t, "sleep", "1001")
	if second == first || hosts.StartTime(first) != "" || hosts.StartTime(second) == "" {
		t.Errorf("first %d runs %q, second %d runs %q", first, hosts.StartTime(first), second, hosts.StartTime(second))
	}
	if pid := h.EnsureCommand(t); pid != 0 || hosts.StartTime(second) != "" {
		t.Errorf("PID %d, second runs %q", pid, hosts.StartTime(second))
	}
}

// parent returns the parent of a process.
func parent(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	ppid, err := strconv.Atoi(strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[1])
	if err != nil {
		t.Fatal(err)
	}
	return ppid
}

// The exit code of a command whose supervisor was killed is unknown, but its
// end is reported. A supervisor survives every other signal.
func TestRealNetNSSupervisorIsKilled(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	pid := h.EnsureCommand(t, "sleep", "1000")
	supervisor := parent(t, pid)
	if supervisor == os.Getpid() || supervisor <= 1 {
		t.Fatalf("the parent of the command is %d", supervisor)
	}
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGKILL} {
		if got := parent(t, pid); got != supervisor {
			t.Fatalf("before %v the command's parent is %d, was %d", s, got, supervisor)
		}
		if err := unix.Kill(supervisor, s); err != nil {
			t.Fatal(err)
		}
	}
	hoststest.Eventually(t, "the supervisor ends", func() bool { return hosts.StartTime(supervisor) == "" })
	if again := h.EnsureCommand(t, "sleep", "1000"); again != pid {
		t.Errorf("the command %d was started again: %d", pid, again)
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hoststest.Eventually(t, "the end is reported", func() bool { return h.Look(t).Ended })
	if box := h.Look(t); box.ExitCode != hosts.UnknownExit {
		t.Errorf("exit code %d", box.ExitCode)
	}
	if again := h.EnsureCommand(t, "sleep", "1000"); again == pid || again == 0 {
		t.Errorf("PID %d after %d has ended", again, pid)
	}
}

// A command ignores no signal, except those that this process was started with
// as ignored.
func TestRealNetNSCommandIgnoresNoSignal(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	h.EnsureCommand(t, "sh", "-c", "grep SigIgn /proc/self/status >/run/ignored; exec sleep 1000")
	hoststest.Eventually(t, "it has written them", func() bool { return h.Sh(t, "cat /run/ignored 2>/dev/null || true") != "" })
	own, err := exec.Command("grep", "SigIgn", "/proc/self/status").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, allowed := ignored(t, h.Sh(t, "cat /run/ignored")), ignored(t, string(own)); got&^allowed != 0 {
		t.Errorf("it ignores the signals %#x; a child of ours %#x", got, allowed)
	}
}

// ignored reads a line of /proc/PID/status that is a set of signals.
func ignored(t *testing.T, line string) uint64 {
	t.Helper()
	_, digits, _ := strings.Cut(line, ":")
	set, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRealNetNSRemoveLeavesNothing(t *testing.T) {
	hoststest.NeedRoot(t)
	state := t.TempDir()
	r := newAt(t, state)
	name := hoststest.Unique()
	box, err := r.Ensure(context.Background(), hosts.Spec{Lab: name, Node: "h", Name: name, Namespace: name, Command: []string{"sleep", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(context.Background(), box); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(state); err != nil || len(files) != 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
	if hosts.StartTime(box.PID) != "" {
		t.Error("its command still runs")
	}
	cmd, err := r.Command(context.Background(), box, hosts.Exec{Argv: []string{"true"}})
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 125 || !bytes.Contains(out, []byte("does not run")) {
		t.Errorf("a command in a host that is gone: %v: %s", cmd.ProcessState, out)
	}
}

// The marks are enough: without the state directory, hosts are found and
// removed, but no longer entered.
func TestRealNetNSWithoutItsState(t *testing.T) {
	hoststest.NeedRoot(t)
	state := t.TempDir()
	r := newAt(t, state)
	name := hoststest.Unique()
	box, err := r.Ensure(context.Background(), hosts.Spec{Lab: name, Node: "h", Name: name, Namespace: name, Command: []string{"sleep", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	hoststest.Eventually(t, "it no longer writes there", func() bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", box.PID))
		return string(line) == "sleep\x001000\x00"
	})
	if err := os.RemoveAll(filepath.Join(state, name)); err != nil {
		t.Fatal(err)
	}
	boxes, err := r.List(context.Background(), name)
	if err != nil || len(boxes) != 1 {
		t.Fatalf("%+v, %v", boxes, err)
	}
	if err := r.Remove(context.Background(), boxes[0]); err != nil {
		t.Fatal(err)
	}
}

// A failure undoes what Ensure has made.
func TestRealNetNSEnsureLeavesNothingHalfBuilt(t *testing.T) {
	hoststest.NeedRoot(t)
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	name := hoststest.Unique()
	r := newAt(t, file) // not a directory
	if _, err := r.Ensure(context.Background(), hosts.Spec{Lab: name, Node: "h", Name: name, Namespace: name}); err == nil {
		t.Fatal("no error")
	}
	if (hosts.Namespace{Name: name}).Exists() {
		t.Error("the namespace is left")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Ensure(ctx, hosts.Spec{Lab: name, Node: "h", Name: name, Namespace: name}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A command keeps a copy of the mounts at its start. A namespace deleted
// outside must not live on in it.
func TestRealNetNSCommandKeepsNoOtherNamespaceAlive(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	other, far := runtimetest.NewPeer(t), runtimetest.NewPeer(t)
	_, err := hosts.EnsureWires(context.Background(), []hosts.Wire{{
		A: hosts.WireEnd{Namespace: other.Path(), Name: "eth0", Alias: "a:eth0"},
		B: hosts.WireEnd{Namespace: far.Path(), Name: "eth0", Alias: "b:eth0"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "echo ready; exec sleep 1000"}})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := other.Delete(); err != nil {
		t.Fatal(err)
	}
	hoststest.Eventually(t, "the wire of the deleted namespace is gone", func() bool {
		return exec.Command("ip", "-n", far.Name, "link", "show", "eth0").Run() != nil
	})
}

func TestRealNetNSStartsFast(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	best := time.Hour
	for range 5 {
		start := time.Now()
		h.Sh(t, "true")
		best = min(best, time.Since(start))
	}
	t.Logf("a command takes %v", best)
	if best > 2*time.Second {
		t.Errorf("a command takes %v", best)
	}
}
