package monitor

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/bmp"
)

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// Files are root's alone, there are no more than wanted, and nothing else in the
// directory is touched.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mrt")
	h := newHub(t)
	s := &table{routes: map[netip.Prefix]bool{}}
	p := h.Up(sessionOf("10.0.0.2", "", s))
	q := h.Up(sessionOf("10.1.0.2", "a/b", s))
	h.SetFiles(&Files{Directory: dir, Prefix: "pseudowan.l.pe1", Updates: true, Tables: 20 * time.Millisecond, Rotate: 30 * time.Millisecond, Keep: 2})
	if !h.Wants(InBefore) || h.Wants(InAfter) {
		t.Error("the files want something else")
	}
	stranger := filepath.Join(dir, "pseudowan.l.pe1.updates.20200101T000000.000.mrt.bak")
	left := filepath.Join(dir, "pseudowan.l.pe1.rib.20200101T000000.000.mrt.part")
	wait(t, "the directory", func() bool { _, err := os.Stat(dir); return err == nil })
	for _, name := range []string{stranger, left} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	wait(t, "files", func() bool {
		p.Received(InBefore, s.set(prefixAt(1), true))
		q.Received(InBefore, s.set(prefixAt(1), true))
		for _, n := range names(t, dir) {
			seen[n] = true
		}
		_, err := os.Stat(left)
		return len(seen) > 25 && os.IsNotExist(err)
	})
	q.Down(bmp.DownRemote, nil)
	h.SetFiles(nil)
	kinds := map[string]int{}
	for _, n := range names(t, dir) {
		info, err := os.Stat(filepath.Join(dir, n))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", n, info.Mode(), err)
		}
		for _, kind := range []string{"pe1.updates.", "pe1.rib.", "pe1.vrf-a%2Fb.updates.", "pe1.vrf-a%2Fb.rib."} {
			if strings.HasPrefix(n, "pseudowan.l."+kind) && strings.HasSuffix(n, extension) {
				kinds[kind]++
			}
		}
	}
	if len(kinds) != 4 || slices.ContainsFunc([]int{kinds["pe1.updates."], kinds["pe1.rib."]}, func(n int) bool { return n > 2 }) {
		t.Errorf("files: %v of %v", kinds, names(t, dir))
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
}

// A directory in which others may put links is refused, and one that cannot be is
// said.
func TestFilesRefused(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{open: "can be written by others", filepath.Join(open, "a", "b"): "no such file"} {
		h := newHub(t)
		h.SetFiles(&Files{Directory: dir, Prefix: "x", Updates: true, Rotate: time.Hour, Keep: 1})
		h.Up(sessionOf("10.0.0.2", "", &table{}))
		wait(t, want, func() bool { return strings.Contains(h.FilesState().LastError, want) })
		if h.FilesState().Dropped == 0 {
			t.Errorf("%+v", h.FilesState())
		}
	}
	if n := names(t, open); len(n) > 0 {
		t.Errorf("written: %v", n)
	}
}
