package netns

import (
	"context"
	"fmt"
	"os"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

func TestGivenTellsSpecsApart(t *testing.T) {
	all := map[string]bool{}
	specs := []hosts.Spec{
		{}, {Files: map[string]string{"/run/a": "x"}}, {Files: map[string]string{"/run/a": "y"}}, {Env: map[string]string{"/run/a": "x"}},
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
