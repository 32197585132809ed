package inventory

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// lookAlike starts a process with the command line of a lab's keeper.
func lookAlike(t *testing.T, lab string, attr *syscall.SysProcAttr) int {
	t.Helper()
	// A shell runs its second word as a script.
	dir, err := os.MkdirTemp("", "pwt-keeper-") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keeper"), []byte("read line\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh")
	cmd.Args = append([]string{SelfPath}, KeeperArgs(lab)...)
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

func TestProcessesOfOthersAreNotTaken(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: other users and process namespaces")
	}
	const lab = "pwt-look-alike"
	for _, attr := range []*syscall.SysProcAttr{
		{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}, {Cloneflags: syscall.CLONE_NEWPID},
	} {
		if got := ownProcess(lookAlike(t, lab, attr)); got != "" {
			t.Errorf("a process of another user counts as lab %s's", got)
		}
	}
	if pid := FindProcesses().Keeper(lab); pid != 0 {
		t.Errorf("process %d of another user counts as ours", pid)
	}
	ours := lookAlike(t, lab, nil)
	if pid := FindProcesses().Keeper(lab); pid != ours {
		t.Errorf("found %d; want our own, %d", pid, ours)
	}
	if got := ownProcess(ours); got != lab {
		t.Errorf("our own process counts as lab %q's, want %q", got, lab)
	}
	if got := ownProcess(os.Getpid()); got != "" {
		t.Errorf("a test counts as a process of lab %q", got)
	}
}
