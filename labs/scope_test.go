package labs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// planOf returns the plan of a small lab.
func planOf(t *testing.T) *plan.Plan {
	t.Helper()
	lab, err := topology.Parse("lab.yaml", []byte("name: t\nrouters: {pe1: {as: 1}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(lab, plan.Allocations{}, "netns")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a plan of another version says is not taken for what this one would: neither is
// the lab changed, nor is anything taken for a stray.
func TestPlansOfOtherVersions(t *testing.T) {
	now, before := planOf(t), planOf(t)
	stray := remains{}
	stray.Namespaces = []hosts.Namespace{{Name: "pwt-stray", Mark: hosts.Mark{Lab: "t", Node: "pe9", Kind: hosts.KindRouter}}}
	for _, current := range []bool{true, false} {
		if !current {
			before.Format--
		}
		if _, err := scopeOf(before, now); errors.Is(err, errFormat) == current || current && err != nil {
			t.Errorf("a plan of this version %v: %v", current, err)
		}
		if all, err := unplanned(t.Context(), before, stray, false); err != nil || (len(all) == 1) != current {
			t.Errorf("a plan of this version %v: strays %v, %v", current, all, err)
		}
	}
}

// A ready lab is one also where a file or a directory has its name.
func TestOrigin(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := errors.Join(os.Mkdir("pseudo-wan", 0o700), os.WriteFile("lab.yaml", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"pseudo-wan":     "pseudo-wan",
		"lab.yaml":       filepath.Join(dir, "lab.yaml"),
		"standard input": "standard input",
	} {
		if source, in := origin(given, applyOptions{}); source != want || in != dir {
			t.Errorf("%s: %s in %s; want %s in %s", given, source, in, want, dir)
		}
	}
}
