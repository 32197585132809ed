package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPathsOfSocketsFit(t *testing.T) {
	if dir := OVSDir(RouterDir(strings.Repeat("l", 32), strings.Repeat("r", 63))); len(dir) > 80 {
		t.Errorf("%s has %d octets, too many for sockets inside", dir, len(dir))
	}
}

// What is no name of a lab leads nowhere, whatever is made of it.
func TestPathsStayInside(t *testing.T) {
	for _, lab := range []string{"", ".", "..", "../../home", "/home", "a/b", "a/../..", ".lock", "a b", "a\n", "a\x00"} {
		if IsName(lab) {
			t.Errorf("%q is a name", lab)
		}
		for _, path := range []string{RunDir(lab), StateDir(lab), RouterDir(lab, "r"), planFile(lab), downFile(lab), keptDir(lab), keptAside(lab), lockPath(lab)} {
			_, err := os.Lstat(path)
			if !errors.Is(err, syscall.EINVAL) || MakeDir(path) == nil {
				t.Errorf("%q: %q: %v", lab, path, err)
			}
		}
		if RemoveDirs(lab) == nil || MarkGoingDown(lab) == nil || Present(lab) || Begun(lab) {
			t.Errorf("%q: it has directories", lab)
		}
	}
	if path := RouterDir("lab", "../../.."); !strings.HasPrefix(path, "/run/pseudowan/lab/") || !strings.Contains(path, nowhere) {
		t.Errorf("a router's directory is %q", path)
	}
	for _, lab := range []string{"pseudo-wan", "a.b_c", "1"} {
		if !IsName(lab) || RunDir(lab) != "/run/pseudowan/"+lab {
			t.Errorf("%s: %s", lab, RunDir(lab))
		}
	}
	if lockPath(serverLock) != lockRoot+"/.server" {
		t.Errorf("the server's lock is %q", lockPath(serverLock))
	}
}

// A directory is a lab's by our files in it.
func TestDirectoriesOfLabs(t *testing.T) {
	for _, c := range []struct {
		file string
		ours bool
	}{{"backup.tar", false}, {"2026/plan.json", false}, {"plan.json", true}, {".down", true}, {"keep/h1/x", true}, {"server/etc/hosts", false}} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		if err := MakeDir(filepath.Join(dir, "some/directory")); err != nil || hasOurs(dir) || !onlyDirs(dir) {
			t.Fatalf("%v; without files it has %v, %v", err, hasOurs(dir), onlyDirs(dir))
		}
		if err := errors.Join(MakeDir(filepath.Dir(path)), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		if hasOurs(dir) != c.ours || onlyDirs(dir) {
			t.Errorf("%s: %v, want %v", c.file, hasOurs(dir), c.ours)
		}
	}
}
