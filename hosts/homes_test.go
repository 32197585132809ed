package hosts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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

// Links that programs of a node have made are followed as they see them, and never to
// the server's files; nor does a pipe stop anybody.
func TestOwnFilesStayInside(t *testing.T) {
	root, server := t.TempDir(), t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Symlink(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	link("/run/app-1.2", filepath.Join(root, "run/app"))
	link("..//run/app", filepath.Join(root, "run/out"))
	link(server, filepath.Join(root, "run/server"))
	link("../../../../../.."+filepath.Join(server, "file"), filepath.Join(root, "run/file"))
	link("/etc/nosuch", filepath.Join(root, "tmp/file"))
	link("loop", filepath.Join(root, "run/loop"))
	if err := unix.Mkfifo(filepath.Join(root, "run/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(server, "file"))
	for name, at := range map[string]string{
		"/run/app/x": "run/app-1.2/x", "/tmp/file": "tmp/file", "/run/pipe": "run/pipe", "/run/loop": "run/loop",
		"/run/file": "run/file", "/run/out/x": "run/app-1.2/x", "/run/server/file": "",
	} {
		for _, text := range []string{"a longer text", "text"} {
			err := writeOwn(root, name, text)
			if (err == nil) != (at != "") {
				t.Errorf("%s: %v", name, err)
			}
			if have, _ := os.ReadFile(filepath.Join(root, at)); at != "" && string(have) != text {
				t.Errorf("%s has %q, want %q", at, have, text)
			}
		}
		dropOwn(root, name)
		if _, err := os.Lstat(filepath.Join(root, at)); at != "" && err == nil {
			t.Errorf("%s is not removed", at)
		}
	}
	if info, err := os.Stat(filepath.Join(server, "file")); err != nil || info.Size() > 0 || info.Mode() != 0o600 {
		t.Errorf("the server's file: %v, %v", info, err)
	}
	if left, _ := os.ReadDir(server); len(left) != 1 {
		t.Errorf("on the server: %v", left)
	}
}

// What stands for a file in a directory that replaces one of the server's is removed
// with it; what a link of the server leads to is not.
func TestDropOwnInShadows(t *testing.T) {
	root, server := t.TempDir(), t.TempDir()
	shadow := func(dir, name string) string { return filepath.Join(root, shadowTree, shadowName(dir), name) }
	lock := filepath.Join(server, "xtables.lock")
	for _, name := range []string{lock, shadow("/", "opt/x.conf"), shadow("/etc", "y.conf")} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.MkdirAll(shadow("/var", ""), 0o755), os.Symlink(server, shadow("/var", "run"))); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]string{"/opt/x.conf": shadow("/", "opt/x.conf"), "/etc/y.conf": shadow("/etc", "y.conf")} {
		dropOwn(root, name)
		if _, err := os.Lstat(at); err == nil {
			t.Errorf("%s is left", at)
		}
	}
	dropOwn(root, "/var/run/xtables.lock")
	if _, err := os.Lstat(lock); err != nil {
		t.Error(err)
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
