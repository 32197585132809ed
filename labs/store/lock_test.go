package store

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFlockHolder(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  WRITE 11 00:1a:815 0 EOF
2: FLOCK  ADVISORY  READ 12 00:1a:8150 0 EOF
3: FLOCK  ADVISORY  WRITE 13 00:1a:815 0 EOF
3: -> FLOCK  ADVISORY  WRITE 14 00:1a:815 0 EOF
4: FLOCK  ADVISORY  WRITE 0 00:1a:816 0 EOF
`
	for inode, want := range map[uint64]int{815: 13, 8150: 12, 816: 0, 5: 0} {
		if got := flockHolder([]byte(locks), inode); got != want {
			t.Errorf("inode %d: %d, want %d", inode, got, want)
		}
	}
}

// The message names the process that holds the lock.
func TestLockHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if got := lockHolder(path); got != "another process" {
		t.Errorf("no file: %q", got)
	}
	cmd := exec.Command("flock", path, "-c", "echo held; exec sleep 60")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip("the kernel does not list locks: ", err)
	}
	if got := lockHolder(path); !strings.Contains(got, "(flock ") {
		t.Errorf("lockHolder: %q; want it to name flock", got)
	}
}

func TestPrintableCommand(t *testing.T) {
	for line, want := range map[string]string{
		"pseudowan\x00up\x00lab\x00": "pseudowan up lab",
		"a\x1b[31mb\nc\x00":          "a?[31mb?c",
		strings.Repeat("ä", 100):     strings.Repeat("ä", 80) + "…",
		"":                           "",
	} {
		if got := printableCommand([]byte(line)); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestLocked(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: only root may lock labs")
	}
	const lab = "pwt-doctor-lock"
	if Locked(lab) {
		t.Fatal("locked without a file")
	}
	held, err := TryAcquire(lab)
	if err != nil {
		t.Fatal(err)
	}
	if !Locked(lab) {
		t.Error("the lock is not reported")
	}
	if _, err := TryAcquire(lab); !errors.Is(err, ErrBusy) {
		t.Errorf("a second command got the lock: %v", err)
	}
	held.Release()
	if Locked(lab) {
		t.Error("the lock is reported after its release")
	}
	if _, err := os.Lstat(lockPath(lab)); err == nil {
		t.Error("the lock's file still exists")
	}
}
