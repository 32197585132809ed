package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestOwnFiles(t *testing.T) {
	root := t.TempDir()
	if err := writeOwn(root, map[string]string{"/run/a/b.conf": "x", "/tmp/run": "#!/bin/sh\n"}); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"run/a/b.conf": 0o644, "tmp/run": 0o755} {
		st, err := os.Stat(filepath.Join(root, name))
		if err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, st, err, mode)
		}
	}
	for _, name := range []string{"/etc/passwd", "/run/../etc/x", "run/x", "/runx", "/tmp", ""} {
		if err := writeOwn(root, map[string]string{name: ""}); err == nil {
			t.Errorf("%q is written", name)
		}
	}
	if err := checkOwn("/etc/bird.conf"); !errors.Is(err, errNotOwn) {
		t.Errorf("%v", err)
	}
}

func TestGivenTellsSpecsApart(t *testing.T) {
	all := map[string]bool{}
	specs := []Spec{
		{}, {Files: map[string]string{"/run/a": "x"}}, {Files: map[string]string{"/run/a": "y"}}, {Env: map[string]string{"/run/a": "x"}},
	}
	for _, s := range specs {
		all[given(s)] = true
	}
	for _, s := range specs {
		all[given(s)] = true // the same again
	}
	if len(all) != len(specs) {
		t.Errorf("%d of %d", len(all), len(specs))
	}
}

// A command finds the host's files, and starts again, with all that it has
// started itself, where they are others.
func TestRealNetNSFilesRestartTheCommand(t *testing.T) {
	h := newSuiteHost(t, newNetNSRuntime(t))
	h.spec.Command = []string{"sh", "-c", "sleep 1000 & echo $! >/run/child; exec sleep $(cat /run/seconds)"}
	ensure := func(seconds string) int {
		t.Helper()
		h.spec.Files = map[string]string{"/run/seconds": seconds}
		box, err := h.Ensure(context.Background(), h.spec)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "its command runs", func() bool {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", box.PID))
			return string(line) == "sleep\x00"+seconds+"\x00"
		})
		return box.PID
	}
	first := ensure("1001")
	if again := ensure("1001"); again != first {
		t.Errorf("the command was started again without need: %d, %d", first, again)
	}
	second := ensure("1002")
	if second == first || startTime(first) != "" {
		t.Errorf("first %d runs %q, second %d", first, startTime(first), second)
	}
	eventually(t, "only the command, its child and its supervisor run", func() bool {
		pids, err := Namespace{Name: h.spec.Namespace}.Processes()
		return err == nil && len(pids) == 3
	})
}
