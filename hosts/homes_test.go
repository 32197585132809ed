package hosts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOwnFiles(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"/run/a/b.conf": "x", "/tmp/run": "#!/bin/sh\n", "/etc/x.conf": "y", "/etc/hosts": "z"} {
		if err := writeOwn(root, name, text); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"run/a/b.conf": 0o644, "tmp/run": 0o755, "own/etc/x.conf": 0o644} {
		st, err := os.Stat(filepath.Join(root, name))
		if err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, st, err, mode)
		}
	}
	for _, name := range []string{"/run/../etc/x", "run/x", "/", ""} {
		if err := writeOwn(root, name, ""); err == nil {
			t.Errorf("%q is written", name)
		}
	}
	for _, dir := range []string{"/", "/etc", "/var/a%2Fb"} {
		if name := shadowName(dir); strings.Contains(name, "/") || shadowed(name) != dir {
			t.Errorf("%s is %s, which is %s", dir, name, shadowed(name))
		}
	}
	for name, dir := range map[string]bool{"/etc": false, "/etc/passwd": true, "/etc/passwd/x": false} {
		if err := checkPlace(name, dir); err == nil {
			t.Errorf("%s (directory: %t) is accepted", name, dir)
		}
	}
}

func TestEntryIsReadAsWritten(t *testing.T) {
	want := entry{netns: "/run/netns/x", root: "/var/lib/x", hostname: "-odd", dir: ""}
	got, argv, err := parseEntry(append(want.args(), "ping", "-c", "1"))
	if err != nil || got != want || strings.Join(argv, " ") != "ping -c 1" {
		t.Errorf("%+v, %v, %v", got, argv, err)
	}
	for _, args := range [][]string{nil, {"-netns", "x", "--", "true"}, {"-nosuch"}, want.args()} {
		if _, _, err := parseEntry(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
