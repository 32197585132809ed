package hosts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
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
