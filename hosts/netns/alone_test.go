package netns

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

// What a command that was killed has left behind ends before the next one starts, if
// nothing else is to be in a host. Whoever looks at its network from outside stays.
func TestRealAloneEndsWhatIsLeft(t *testing.T) {
	hoststest.NeedRoot(t)
	h := runtimetest.New(t, Alone(hosts.NetNS, hosts.Options{StateDir: t.TempDir(), Enter: hoststest.EnterCommand}))
	line := []string{"sh", "-c", "setsid sleep 1000 & echo $! >/run/left; exec sleep 1000"}
	pid := h.EnsureCommand(t, line...)
	read := func() int {
		n, _ := strconv.Atoi(strings.TrimSpace(h.Sh(t, "cat /run/left 2>/dev/null || true"))) // not written yet
		return n
	}
	hoststest.Eventually(t, "it has started another", func() bool { return read() != 0 })
	left := read()
	var watcher *exec.Cmd
	err := hosts.Within(h.Look(t).NetNS, func() error {
		watcher = exec.Command("sleep", "1000")
		return watcher.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Process.Kill()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	hoststest.Eventually(t, "its end is reported", func() bool { return h.Look(t).Ended })
	if hosts.StartTime(left) == "" {
		t.Fatalf("process %d has ended by itself", left)
	}
	if again := h.EnsureCommand(t, line...); again == 0 || again == pid {
		t.Errorf("PID %d after %d was killed", again, pid)
	}
	if hosts.StartTime(left) != "" {
		t.Errorf("process %d of the earlier command is left", left)
	}
	if hosts.StartTime(watcher.Process.Pid) == "" {
		t.Error("a process that looks at the host's network from outside was ended")
	}
}
