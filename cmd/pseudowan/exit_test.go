package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pseudowan/labs"
	"pseudowan/status"
	"pseudowan/topology"
)

// notStarted is an error of the kind that labs.Exec returns.
type notStarted struct{ error }

func (notStarted) ExitStatus() int { return 127 }

func TestExitCodesAndWords(t *testing.T) {
	going := context.Background()
	stopped, stop := context.WithCancel(going)
	stop()
	signalled, signal := context.WithCancelCause(going)
	signal(errors.New("interrupt signal received")) // as by signal.NotifyContext
	problem := topology.Problem{File: "a.yaml", Line: 3, Element: "x", Message: "is wrong"}
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		code int
		said string
	}{
		{"success", going, nil, exitOK, ""},
		{"success although interrupted", stopped, nil, exitOK, ""},
		{"failure", going, errors.New("broken"), exitFailure, "pseudowan: broken\n"},
		{"usage", going, fmt.Errorf("wrapped: %w", usagef("bad %s", "flag")), exitInvalid, "pseudowan: wrapped: bad flag\n"},
		{"one problem", going, topology.Problems{problem}, exitInvalid, "pseudowan: a.yaml:3: x: is wrong\n"},
		{"two problems", going, topology.Problems{problem, problem}, exitInvalid, "pseudowan: 2 problems\na.yaml:3: x: is wrong\na.yaml:3: x: is wrong\n"},
		{"which lab", going, fmt.Errorf("a, b: %w", status.ErrSeveralLabs), exitInvalid, "pseudowan: a, b: several labs are running\n"},
		{"timeout", going, fmt.Errorf("up: %w", &labs.NotConvergedError{Lab: "a", Missing: []string{"pe1: peer 192.168.0.2"}}), exitNotConverged, "pseudowan: up: lab a has not converged; missing:\n  pe1: peer 192.168.0.2\n"},
		{"no such lab", going, fmt.Errorf("lab a: %w", status.ErrNotFound), exitNotFound, "pseudowan: lab a: not found\n"},
		{"interrupted", stopped, context.Canceled, exitInterrupted, "pseudowan: interrupted\n"},
		{"interrupted, with more to say", stopped, errors.Join(fmt.Errorf("start pe1: %w", context.Canceled), errors.New("undo failed")), exitInterrupted, "pseudowan: interrupted\nundo failed\n"},
		{"interrupted by a signal", signalled, fmt.Errorf("start pe1: %w", context.Cause(signalled)), exitInterrupted, "pseudowan: interrupted\n"},
		{"no such command", going, notStarted{errors.New("pong: command not found")}, 127, "pseudowan: pong: command not found\n"},
		{"command's code", going, statusError(42), 42, ""},
		{"command's code when interrupted", stopped, statusError(1), 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.ctx, tt.err); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			var b bytes.Buffer
			complain(tt.ctx, &b, tt.code, tt.err)
			if b.String() != tt.said {
				t.Errorf("said %q, want %q", &b, tt.said)
			}
		})
	}
}

func TestVersionOf(t *testing.T) {
	commit := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "abc123"}}}
	devel := &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}
	module := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: commit.Settings}
	for _, tt := range []struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		{"v9", module, "v9"},
		{"", module, "v1.2.3"},
		{"", commit, "abc123"},
		{"", devel, "unknown"},
		{"", nil, "unknown"},
	} {
		if got := versionOf(tt.linked, tt.info); got != tt.want {
			t.Errorf("versionOf(%q, %v) = %q, want %q", tt.linked, tt.info, got, tt.want)
		}
	}
}

func TestCommandAfterNode(t *testing.T) {
	for _, tt := range []struct{ args, want []string }{
		{[]string{"h"}, []string{}},
		{[]string{"h", "--"}, []string{}},
		{[]string{"h", "ping", "-c", "3"}, []string{"ping", "-c", "3"}},
		{[]string{"h", "--", "ping", "-c", "3"}, []string{"ping", "-c", "3"}},
		{[]string{"h", "--", "--"}, []string{"--"}},
		{[]string{"h", "sh", "--", "x"}, []string{"sh", "--", "x"}},
	} {
		if got := command(tt.args); !slices.Equal(got, tt.want) {
			t.Errorf("command(%q) = %q, want %q", tt.args, got, tt.want)
		}
	}
}

func TestReport(t *testing.T) {
	base := labs.Report{Lab: "a", Runtime: "netns", Routers: 1, Hosts: 20, Elapsed: 1834 * time.Millisecond}
	created, changed := base, base
	created.Created, created.Changed, created.Waiting = true, []string{"made pe1"}, []string{"192.168.0.2"}
	changed.Changed = []string{"removed host_001"}
	for _, tt := range []struct {
		name string
		r    labs.Report
		want string
	}{
		{"unchanged", base, "lab a is up already, nothing to change: 1 router, 20 hosts (netns), 1.8 s\nto change it, edit its file and run `pseudowan up FILE`; to remove it, run `pseudowan down a`\n"},
		{"created", created, "waiting for 192.168.0.2\nlab a is up: 1 router, 20 hosts (netns), 1.8 s\n"},
		{"changed", changed, "removed host_001\nlab a is changed: 1 router, 20 hosts (netns), 1.8 s\n"},
	} {
		var b strings.Builder
		if err := printReport(&b, tt.r); err != nil || b.String() != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, b.String(), err, tt.want)
		}
	}
}

// Ctrl-C ends a command that waits for its standard input.
func TestInterruptWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdin, typing := io.Pipe()
	defer typing.Close()
	code := make(chan int)
	var stdout, stderr bytes.Buffer
	go func() { code <- run(ctx, []string{"validate", "-"}, stdin, &stdout, &stderr) }()
	if _, err := typing.Write([]byte("name: half\n")); err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := <-code; got != exitInterrupted || stderr.String() != "pseudowan: interrupted\n" || stdout.Len() > 0 {
		t.Errorf("exit code %d, said %q, printed %q", got, &stderr, &stdout)
	}
}

func TestInterruptibleReadsAll(t *testing.T) {
	text := strings.Repeat("0123456789", 10000)
	got, err := io.ReadAll(interruptible{t.Context(), iotest.OneByteReader(strings.NewReader(text))})
	if err != nil || string(got) != text {
		t.Errorf("read %d octets, %v", len(got), err)
	}
}
