package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func writeRecipe(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The tag depends on the content alone.
func TestBuildTag(t *testing.T) {
	tag := func(path string) string {
		t.Helper()
		got, err := buildTag(path)
		if err != nil || !strings.HasPrefix(got, "pseudowan/build:") {
			t.Fatalf("%s: %q, %v", path, got, err)
		}
		return got
	}
	files := map[string]string{"Dockerfile": "FROM scratch\n", "other": "FROM scratch\n", "conf/a": "1"}
	a, b := writeRecipe(t, files), writeRecipe(t, files)
	if err := os.Chtimes(filepath.Join(b, "conf/a"), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	first := tag(a)
	if got := tag(b); got != first {
		t.Errorf("the same content elsewhere: %s and %s", first, got)
	}
	if got := tag(filepath.Join(a, "Dockerfile")); got != first {
		t.Errorf("the file of the directory: %s and %s", first, got)
	}
	if got := tag(filepath.Join(a, "other")); got == first {
		t.Error("another Dockerfile has the same tag")
	}
	for name, change := range map[string]func() error{
		"content": func() error { return os.WriteFile(filepath.Join(b, "conf/a"), []byte("2"), 0o644) },
		"mode":    func() error { return os.Chmod(filepath.Join(b, "conf/a"), 0o755) },
		"link":    func() error { return os.Symlink("a", filepath.Join(b, "conf/b")) },
	} {
		before := tag(b)
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if tag(b) == before {
			t.Errorf("%s: the tag stays the same", name)
		}
	}
}

// What .dockerignore names is not in the context, except for its exceptions and
// what the daemon itself reads.
func TestDockerIgnore(t *testing.T) {
	dir := writeRecipe(t, map[string]string{
		"Dockerfile": "FROM scratch\n", ".dockerignore": "# secrets\n.git\nkeys/*\n!keys/public\nDockerfile\n",
		".git/config": "x", "keys/private": "x", "keys/public": "x", "conf/a": "x",
	})
	var archive bytes.Buffer
	if err := (recipe{dir, "Dockerfile"}).pack(&archive); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(&archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.Name)
	}
	if want := []string{".dockerignore", "Dockerfile", "conf/", "conf/a", "keys/", "keys/public"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBuildWithoutDockerfile(t *testing.T) {
	empty := t.TempDir()
	for path, want := range map[string]string{empty: "has no Dockerfile", filepath.Join(empty, "none"): "no such file"} {
		if _, err := buildTag(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want the path, and %q", path, err, want)
		}
	}
}

func TestContextIsBounded(t *testing.T) {
	dir := writeRecipe(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	if err := os.Truncate(filepath.Join(dir, "Dockerfile"), maxContext+1); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := (recipe{dir, "Dockerfile"}).pack(&packed); err == nil || !strings.Contains(err.Error(), "directory of its own") {
		t.Errorf("%v; want an error with a remedy", err)
	}
	if packed.Len() > maxContext {
		t.Errorf("packed %d octets", packed.Len())
	}
}
