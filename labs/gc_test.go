package labs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// A lab that somebody may still need is nobody's to remove.
func TestForsakenLabs(t *testing.T) {
	for _, c := range []struct {
		fate
		want string
	}{
		{fate{}, ""}, // its plan is there, or cannot be read
		{fate{unknown: true}, "nothing says what the lab should be"},
		{fate{unknown: true, running: true}, ""},
		{fate{unknown: true, kept: true}, ""},
		{fate{unnamed: true}, "its namespaces were removed"},
		{fate{unnamed: true, running: true}, ""},
		{fate{unnamed: true, kept: true}, ""},
		{fate{goingDown: true, kept: true, running: true}, "its removal was interrupted"},
	} {
		if got := c.forsaken(); (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.fate, got, c.want)
		}
	}
}

func TestNamesInMarks(t *testing.T) {
	got := labNames([]string{"b", "../../home", "", ".lock", "a", "/home", "b", ".."})
	if want := []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What only looks like a host is listed, and never counts as removed.
func TestCopiesAreListed(t *testing.T) {
	all := copiesOf("l", []hosts.Sandbox{{Runtime: "docker", Lab: "l", Node: "h", Name: "copy"}})
	if len(all) != 1 || all[0].Removed || all[0].What != "host h (docker, copy)" || !strings.HasSuffix(all[0].Why, "docker rm -f copy") {
		t.Errorf("%+v", all)
	}
}

func writeAt(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(store.MakeDir(filepath.Dir(path)), os.WriteFile(path, []byte("{"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func isThere(path string) bool { _, err := os.Lstat(path); return err == nil }

// gc completes what an up that was killed has begun to undo, and gives back what the hosts
// keep; it leaves a lab whose plan is damaged.
func TestRealCollectLeavesWhatIsKept(t *testing.T) {
	hoststest.NeedRoot(t)
	lab := hoststest.Unique()
	aside, kept := filepath.Join(store.StateRoot, ".kept."+lab), filepath.Join(store.StateDir(lab), "keep")
	t.Cleanup(func() { _ = errors.Join(store.RemoveDirs(lab), os.RemoveAll(aside)) })
	writeAt(t, filepath.Join(aside, "h1", "data"))
	writeAt(t, filepath.Join(store.RunDir(lab), ".down"))
	rows, err := collect(t.Context(), lab, true)
	if err != nil || len(rows) == 0 || !rows[0].Removed {
		t.Fatalf("%+v, %v", rows, err)
	}
	if isThere(store.RunDir(lab)) || isThere(aside) || !isThere(filepath.Join(kept, "h1", "data")) {
		t.Error("what the hosts keep is not in its place")
	}
	writeAt(t, filepath.Join(store.StateDir(lab), "plan.json"))
	for _, what := range []string{"with what is kept", "with a damaged plan alone"} {
		if rows, err := collect(t.Context(), lab, true); err != nil || len(rows) > 0 || !isThere(store.StateDir(lab)) {
			t.Errorf("%s: %+v, %v", what, rows, err)
		}
		_ = os.RemoveAll(kept)
	}
}

// Directories of others beside the labs are none, whatever down is asked for.
func TestRealOthersDirectoriesStay(t *testing.T) {
	hoststest.NeedRoot(t)
	other := hoststest.Unique()
	file := filepath.Join(store.StateRoot, other, "backup.tar")
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(file)) })
	writeAt(t, file)
	names, err := marked(t.Context())
	if err != nil || slices.Contains(names, other) {
		t.Errorf("%q, %v", names, err)
	}
	for _, lab := range []string{other, "../../home", "..", ".lock", "/home"} {
		if picked, err := pickLeft(t.Context(), lab); !errors.Is(err, status.ErrNotFound) {
			t.Errorf("down %s: %q, %v", lab, picked, err)
		}
	}
}
