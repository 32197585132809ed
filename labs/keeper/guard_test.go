package keeper

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A silent process counts as hanging after a minute of checks, but not because the
// machine was suspended between two of them.
func TestSilenceIsCountedWhileWatched(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	if err := os.WriteFile(beat, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var w watched
	look := func(after time.Duration) bool {
		now = now.Add(after)
		return w.hangs(os.Getpid(), beat, now)
	}
	for range 3 {
		if look(time.Second) || look(time.Hour) {
			t.Fatal("a process counts as hanging because nobody checked for an hour")
		}
	}
	silent := time.Duration(0)
	for ; !look(time.Second); silent += time.Second {
		if silent > 2*silenceLimit {
			t.Fatal("a silent process never counts as hanging")
		}
	}
	if silent < silenceLimit-time.Second {
		t.Errorf("a process counts as hanging after %v of silence", silent)
	}
	if err := os.Chtimes(beat, now, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if look(time.Second) {
		t.Error("a process that has just given a sign of life counts as hanging")
	}
}

// A check that comes as late as it was planned counts.
func TestSilenceIsCountedBetweenRareChecks(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	if err := os.WriteFile(beat, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	now := began
	var w watched
	for !w.hangs(os.Getpid(), beat, now) {
		if now.Sub(began) > 3*silenceLimit {
			t.Fatal("a silent process never counts as hanging")
		}
		if pause := w.pause(lookEvery); pause != lookEvery {
			t.Fatalf("the next check of a process that runs is due in %v, want %v", pause, lookEvery)
		}
		now = now.Add(lookEvery + time.Second)
	}
	if silent := now.Sub(began); silent < silenceLimit {
		t.Errorf("a process counts as hanging after %v of silence", silent)
	}
}

// A stopped process hangs if it is still stopped a second later, however often it is
// looked at meanwhile.
func TestStoppedProcessHangs(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	signal := func(s syscall.Signal, want bool) {
		t.Helper()
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED|unix.WCONTINUED, nil); err != nil || status.Stopped() != want {
			t.Fatalf("after %v: stopped %t, %v", s, status.Stopped(), err)
		}
	}
	var w watched
	now := time.Now()
	check := func(after time.Duration, want bool) {
		t.Helper()
		now = now.Add(after)
		if got := w.hangs(cmd.Process.Pid, "no file", now); got != want {
			t.Errorf("hangs: %t, want %t", got, want)
		}
	}
	check(0, false)
	signal(syscall.SIGSTOP, true)
	check(0, false)
	check(guardEvery/2, false)
	if pause := w.pause(lookEvery); pause != guardEvery {
		t.Errorf("the next check of a stopped process is due in %v, want %v", pause, guardEvery)
	}
	check(guardEvery/2, true)
	signal(syscall.SIGCONT, false)
	check(guardEvery, false)
}

// However many agents there are, the keeper is looked at about every second.
func TestAgentsShareTheGuard(t *testing.T) {
	for _, c := range []struct {
		agents      int
		least, most time.Duration
	}{{0, guardEvery, guardEvery}, {1, guardEvery, guardEvery}, {2, guardEvery, 3 * guardEvery}, {10, 5 * guardEvery, 15 * guardEvery}, {1000, lookEvery / 2, 3 * lookEvery / 2}} {
		for range 100 {
			if got := shareOfGuard(c.agents); got < c.least || got > c.most {
				t.Fatalf("one of %d agents looks after %v, want %v to %v", c.agents, got, c.least, c.most)
			}
		}
	}
}
