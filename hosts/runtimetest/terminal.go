package runtimetest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// An interactive shell on a terminal controls its jobs.
func suiteTerminal(t *testing.T, h *Host) {
	master, slave := openTerminal(t)
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-i"}, TTY: true})
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
	// The first command stops itself; only a shell with job control continues
	// it.
	lines := "sh -c 'kill -STOP $$; exit 5'\nfg; echo code=$?=code\ntty\nexit 3\n"
	if _, err := master.WriteString(lines); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	got := <-said
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(got, "code=5=code") || !strings.Contains(got, "/dev/") {
		t.Errorf("exit code %d, terminal output:\n%s", code, got)
	}
}

// A command that asks for a terminal when there is none runs all the same: it
// reads its input to the end, and all its output arrives.
func suiteNoTerminal(t *testing.T, h *Host) {
	for _, tt := range []struct {
		argv, input, want string
		code              int
	}{
		{"cat", "", "", 0},
		{"cat", "x\n", "x\n", 0},
		{"cat", "no end of line", "no end of line", 0},
		{"echo hello", "", "hello\n", 0},
		{"sh", "echo hi; exit 3\n", "hi\n", 3},
		{"sh", "", "", 0},
	} {
		cmd := h.InnerCommand(t, hosts.Exec{Argv: strings.Fields(tt.argv), TTY: true})
		cmd.Stdin = fileOf(t, tt.input)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !endsBy(cmd, 20*time.Second) || out.String() != tt.want || cmd.ProcessState.ExitCode() != tt.code {
			t.Errorf("%s of %q: exit code %d, output %q; want %d, %q", tt.argv, tt.input, cmd.ProcessState.ExitCode(), out.String(), tt.code, tt.want)
		}
	}
}

// fileOf opens a file with that text.
func fileOf(t *testing.T, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Signals end a command that asks for a terminal when there is none.
func suiteNoTerminalSignals(t *testing.T, h *Host) {
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "echo ready; exec sleep 1000"}, TTY: true})
	keyboard, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	startReady(t, cmd)
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !endsBy(cmd, 20*time.Second) {
		t.Error("TERM does not end it")
	}
}

// Output of a command at a terminal into a pipe arrives as written, and apart
// from its errors.
func suiteHalfTerminal(t *testing.T, h *Host) {
	_, slave := openTerminal(t)
	defer slave.Close()
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "echo one; echo two >&2; echo three"}, TTY: true})
	cmd.Stdin = slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !endsBy(cmd, 20*time.Second) || out.String() != "one\nthree\n" || errs.String() != "two\n" {
		t.Errorf("output %q, errors %q", out.String(), errs.String())
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
