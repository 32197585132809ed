package runtimetest

import (
	"bytes"
	"context"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

// Host is one host of a runtime under test.
type Host struct {
	hosts.Runtime
	Spec hosts.Spec
	Box  hosts.Sandbox
}

// New makes a host for the duration of the test.
func New(t *testing.T, r hosts.Runtime) *Host {
	t.Helper()
	name := hoststest.Unique()
	h := &Host{Runtime: r, Spec: hosts.Spec{
		Lab: name, Node: "node_1", Name: name, Namespace: name,
		Hosts: []hosts.HostsEntry{{Addr: netip.MustParseAddr("10.9.8.7"), Names: []string{"other", "other.lab"}}},
		Env:   map[string]string{"COLOUR": "blue", "TWO": "a b\nc"},
	}}
	box, err := r.Ensure(context.Background(), h.Spec)
	if err != nil {
		t.Fatal(err)
	}
	h.Box = box
	t.Cleanup(func() {
		if err := r.Remove(context.Background(), box); err != nil {
			t.Error(err)
		}
	})
	return h
}

// InnerCommand prepares a command inside the host.
func (h *Host) InnerCommand(t *testing.T, e hosts.Exec) *exec.Cmd {
	t.Helper()
	cmd, err := h.Command(context.Background(), h.Box, e)
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// EnsureCommand sets the host's own command and returns its PID.
func (h *Host) EnsureCommand(t *testing.T, command ...string) int {
	t.Helper()
	h.Spec.Command = command
	box, err := h.Ensure(context.Background(), h.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return box.PID
}

// Sh runs a shell command line inside and returns its output.
func (h *Host) Sh(t *testing.T, line string) string {
	t.Helper()
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", line}})
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// Look returns the host as listed.
func (h *Host) Look(t *testing.T) hosts.Sandbox {
	t.Helper()
	boxes, err := h.List(context.Background(), h.Spec.Lab)
	if err != nil || len(boxes) != 1 {
		t.Fatalf("List: %+v, %v", boxes, err)
	}
	return boxes[0]
}

// NewPeer makes a namespace to reach a host from.
func NewPeer(t *testing.T) hosts.Namespace {
	t.Helper()
	name := hoststest.Unique()
	ns, _, err := hosts.EnsureNamespace(name, hosts.Mark{Lab: name, Node: name, Kind: hosts.KindHost})
	if err == nil {
		t.Cleanup(func() {
			if err := ns.Delete(); err != nil {
				t.Error(err)
			}
		})
		err = hosts.PrepareHost(ns.Path())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// startReady starts a command and returns when it has printed something.
func startReady(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// endsBy reports whether a command ends within limit; otherwise it kills the
// command.
func endsBy(cmd *exec.Cmd, limit time.Duration) bool {
	late := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	return late.Stop()
}
