package runtimetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
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

// A command that shall have a terminal where there is none runs all the same:
// it reads its input to the end, all it says arrives, and signals end it.
func suiteNoTerminal(t *testing.T, h *Host) {
	file := func(text string) *os.File {
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
		cmd.Stdin = file(tt.input)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !endsBy(cmd, 20*time.Second) || out.String() != tt.want || cmd.ProcessState.ExitCode() != tt.code {
			t.Errorf("%s of %q: exit code %d, says %q; want %d, %q", tt.argv, tt.input, cmd.ProcessState.ExitCode(), out.String(), tt.code, tt.want)
		}
	}
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "echo ready; exec sleep 1000"}, TTY: true})
	keyboard, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = out.Read(make([]byte, 1))
	}
	if err == nil {
		err = cmd.Process.Signal(unix.SIGTERM)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !endsBy(cmd, 20*time.Second) {
		t.Error("TERM does not end it")
	}
}

// endsBy waits for a command, and ends one that does not end by itself.
func endsBy(cmd *exec.Cmd, limit time.Duration) bool {
	late := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	return late.Stop()
}

// What a command at a terminal says into a pipe arrives as it was written, and
// apart from its errors.
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
		t.Errorf("it says %q, and as errors %q", out.String(), errs.String())
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
func suiteOwnCommand(t *testing.T, h *Host) {
	count := func(word string) int { return strings.Count(h.Sh(t, "cat /tmp/log"), word) }
	first := []string{"sh", "-c", "echo started $COLOUR >>/tmp/log; exec sleep 1000"}
	pid := h.EnsureCommand(t, first...)
	if pid == 0 {
		t.Fatal("no PID")
	}
	hoststest.Eventually(t, "it runs", func() bool { return strings.Contains(h.Sh(t, "cat /tmp/log 2>/dev/null || true"), "started blue") })
	if again := h.EnsureCommand(t, first...); again != pid || count("started") != 1 {
		t.Errorf("PID %d, was %d; started %d times", again, pid, count("started"))
	}
	if got, err := h.List(context.Background(), h.Spec.Lab); err != nil || len(got) != 1 || got[0].PID != pid {
		t.Errorf("List: %+v, %v, want PID %d", got, err, pid)
	}
}

// Look is the host as it is listed.
func (h *Host) Look(t *testing.T) hosts.Sandbox {
	t.Helper()
	boxes, err := h.List(context.Background(), h.Spec.Lab)
	if err != nil || len(boxes) != 1 {
		t.Fatalf("List: %+v, %v", boxes, err)
	}
	return boxes[0]
}

// How a host's own command ended is told, as a shell tells it, whenever it ends;
// the next Ensure starts it again.
func suiteOwnCommandEnds(t *testing.T, h *Host) {
	for _, tt := range []struct {
		line string
		code int
	}{
		{"exit 0", 0}, {"exit 3", 3}, {"sleep 0.05; exit 4", 4}, {"sleep 0.3; exit 255", 255},
	} {
		for range 2 {
			h.EnsureCommand(t, "sh", "-c", "echo started >>/run/count; "+tt.line)
			hoststest.Eventually(t, tt.line, func() bool { return h.Look(t).PID == 0 })
			if box := h.Look(t); !box.Ended || box.ExitCode != tt.code {
				t.Errorf("%s: %+v, want exit code %d", tt.line, box, tt.code)
			}
		}
	}
	pid := h.EnsureCommand(t, "sleep", "1000")
	if box := h.Look(t); box.Ended || box.PID != pid {
		t.Errorf("with another command: %+v", box)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	hoststest.Eventually(t, "it is killed", func() bool { return h.Look(t).Ended })
	if box := h.Look(t); box.ExitCode != 128+int(unix.SIGKILL) {
		t.Errorf("killed: %+v", box)
	}
}

// A host's log is what its own command says.
func suiteLog(t *testing.T, h *Host) {
	log := func(o hosts.LogOptions) string {
		t.Helper()
		var said bytes.Buffer
		if err := h.Log(context.Background(), h.Box, o, &said); err != nil {
			t.Error(err)
		}
		return said.String()
	}
	if got := log(hosts.LogOptions{Last: -1, Follow: h.Name() == "netns"}); got != "" {
		t.Errorf("without a command: %q", got)
	}
	h.EnsureCommand(t, "sh", "-c", "echo one; echo two; sleep 0.3; echo three >&2; sleep 0.3; printf four; exit 5")
	if got, want := log(hosts.LogOptions{Last: -1, Follow: true}), "one\ntwo\nthree\nfour"; got != want {
		t.Errorf("followed: %q, want %q", got, want)
	}
	for n, want := range map[int]string{-1: "one\ntwo\nthree\nfour", 0: "", 2: "three\nfour", 9: "one\ntwo\nthree\nfour"} {
		if got := log(hosts.LogOptions{Last: n}); got != want {
			t.Errorf("the last %d lines: %q, want %q", n, got, want)
		}
	}
	h.EnsureCommand(t, "sh", "-c", "echo again; exec sleep 1000")
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- h.Log(ctx, h.Box, hosts.LogOptions{Last: -1, Follow: true}, w) }()
	if line, err := bufio.NewReader(r).ReadString('\n'); line != "again\n" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on after ctx has ended")
	}
}

// A host's files are there before its command is, and an edit of them gives
// the command a fresh start.
func suiteFiles(t *testing.T, h *Host) {
	h.Spec.Command = []string{"/run/app/start"}
	for _, word := range []string{"one", "two"} {
		h.Spec.Files = map[string]string{
			"/run/app/start": "#!/bin/sh\ncat /run/app/conf >/tmp/read\nexec sleep 1000\n",
			"/run/app/conf":  word,
		}
		for range 2 {
			if _, err := h.Ensure(context.Background(), h.Spec); err != nil {
				t.Fatal(err)
			}
		}
		hoststest.Eventually(t, "the command has read "+word, func() bool { return h.Sh(t, "cat /tmp/read 2>/dev/null || true") == word })
	}
}
