package netns

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

func TestGivenTellsSpecsApart(t *testing.T) {
	all := map[string]bool{}
	specs := []hosts.Spec{
		{}, {Files: map[string]string{"/run/a": "x"}}, {Files: map[string]string{"/run/a": "y"}}, {Env: map[string]string{"/run/a": "x"}},
		{Lent: map[string]string{"/run/a": "x"}}, {Lent: map[string]string{"/run/a": "y"}},
	}
	for _, s := range specs {
		all[given(s)] = true
	}
	for _, s := range specs {
		all[given(s)] = true // again, the same
	}
	if len(all) != len(specs) {
		t.Errorf("%d of %d", len(all), len(specs))
	}
}

// A command finds the host's files; a change of them restarts it, with all the
// processes that it has started.
func TestRealNetNSFilesRestartTheCommand(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	h.Spec.Command = []string{"sh", "-c", "sleep 1000 & echo $! >/run/child; exec sleep $(cat /run/seconds)"}
	ensure := func(seconds string) int {
		t.Helper()
		h.Spec.Files = map[string]string{"/run/seconds": seconds}
		box, err := h.Ensure(context.Background(), h.Spec)
		if err != nil {
			t.Fatal(err)
		}
		hoststest.Eventually(t, "its command runs", func() bool {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", box.PID))
			return string(line) == "sleep\x00"+seconds+"\x00"
		})
		return box.PID
	}
	first := ensure("1001")
	if again := ensure("1001"); again != first {
		t.Errorf("the command was restarted needlessly: %d, %d", first, again)
	}
	second := ensure("1002")
	if second == first || hosts.StartTime(first) != "" {
		t.Errorf("first %d runs %q, second %d", first, hosts.StartTime(first), second)
	}
	hoststest.Eventually(t, "only the command, its child and its supervisor run", func() bool {
		pids, err := hosts.Namespace{Name: h.Spec.Namespace}.Processes()
		return err == nil && len(pids) == 3
	})
}

// Commands of a host find the running program by its name, wherever its file is,
// unless the host has a file of its own in its place.
func TestRealNetNSShowsTheProgram(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	same := func() string {
		return h.Sh(t, "cmp -s $(command -v pseudowan) /proc/"+fmt.Sprint(os.Getpid())+"/exe && echo same || pseudowan")
	}
	if got := same(); got != "same" {
		t.Errorf("pseudowan inside is not %s: %s", own, got)
	}
	h.Spec.Files = map[string]string{"/run/bin/pseudowan": "#!/bin/sh\necho another\n"}
	if _, err := h.Ensure(context.Background(), h.Spec); err != nil {
		t.Fatal(err)
	}
	if got := same(); got != "another" {
		t.Errorf("the host's own file says %q", got)
	}
}

// A host sees files that the server lends it where it is told to, also from below
// directories of which it has its own, and as the caller sees them, who may have mounts
// of its own. They can only be read.
func TestRealNetNSLendsFiles(t *testing.T) {
	const ownDir = "PWT_LENDS_FILES_OF"
	dir := os.Getenv(ownDir)
	if dir == "" {
		dir = t.TempDir() // below /tmp
		again := exec.Command("unshare", "--mount", "sh", "-c", `mount -t tmpfs none "$0" && exec "$@"`, dir, os.Args[0], "-test.run=^TestRealNetNSLendsFiles$")
		again.Env = append(os.Environ(), ownDir+"="+dir)
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	source := filepath.Join(dir, "the, disk")
	if err := os.WriteFile(source, []byte("octets"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := runtimetest.New(t, newRuntime(t))
	h.Spec.Lent = map[string]string{"/run/machine/image": source, "/usr/lib/pwt-lent": source}
	if _, err := h.Ensure(context.Background(), h.Spec); err != nil {
		t.Fatal(err)
	}
	if got := h.Sh(t, "cat /run/machine/image /usr/lib/pwt-lent; echo x 2>&1 >>/run/machine/image || ls /tmp"); strings.TrimSpace(got) != "octetsoctetssh: 1: cannot create /run/machine/image: Read-only file system" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat("/usr/lib/pwt-lent"); err == nil {
		t.Error("the server has the host's place of the file")
	}
}
