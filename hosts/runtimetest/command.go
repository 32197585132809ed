package runtimetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

// A host's own command runs while it is wanted, and only once.
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

// The end of a host's own command is reported as by a shell, whenever it ends;
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

// A host's log is the output of its own command.
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
		t.Error("it continues after ctx has ended")
	}
}

// A host's files exist before its command runs, and a change of them restarts
// it.
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
