package hosts

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// An interactive shell on a terminal controls its jobs.
func suiteTerminal(t *testing.T, h *host) {
	master, slave := openTerminal(t)
	cmd := h.command(t, Exec{Argv: []string{"sh", "-i"}, TTY: true})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	said := make(chan string)
	go func() {
		all, _ := io.ReadAll(master) // ends with EIO when the shell does
		said <- string(all)
	}()
	// The first command stops itself; only a shell that controls jobs goes on.
	lines := "sh -c 'kill -STOP $$; exit 5'\nfg; echo code=$?=code\ntty\nexit 3\n"
	if _, err := master.WriteString(lines); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	got := <-said
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(got, "code=5=code") || !strings.Contains(got, "/dev/") {
		t.Errorf("exit code %d, the terminal says:\n%s", code, got)
	}
}

func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// A host's own command runs while it is asked for, and only once.
func suiteOwnCommand(t *testing.T, h *host) {
	count := func(word string) int { return strings.Count(h.sh(t, "cat /tmp/log"), word) }
	first := []string{"sh", "-c", "echo started $COLOUR >>/tmp/log; exec sleep 1000"}
	pid := h.ensure(t, first...)
	if pid == 0 {
		t.Fatal("no PID")
	}
	eventually(t, "it runs", func() bool { return strings.Contains(h.sh(t, "cat /tmp/log 2>/dev/null || true"), "started blue") })
	if again := h.ensure(t, first...); again != pid || count("started") != 1 {
		t.Errorf("PID %d, was %d; started %d times", again, pid, count("started"))
	}
	if got, err := h.List(context.Background(), h.spec.Lab); err != nil || len(got) != 1 || got[0].PID != pid {
		t.Errorf("List: %+v, %v, want PID %d", got, err, pid)
	}
}

// A host's files are there before its command is, and an edit of them gives
// the command a fresh start.
func suiteFiles(t *testing.T, h *host) {
	h.spec.Command = []string{"/run/app/start"}
	for _, word := range []string{"one", "two"} {
		h.spec.Files = map[string]string{
			"/run/app/start": "#!/bin/sh\ncat /run/app/conf >/tmp/read\nexec sleep 1000\n",
			"/run/app/conf":  word,
		}
		for range 2 {
			if _, err := h.Ensure(context.Background(), h.spec); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the command has read "+word, func() bool { return h.sh(t, "cat /tmp/read 2>/dev/null || true") == word })
	}
}
