package logfile

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func size(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// fill writes numbered lines of ten octets.
func fill(t *testing.T, w *os.File, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := fmt.Fprintf(w, "%09d\n", i); err != nil {
			t.Fatal(err)
		}
	}
}

// end returns the last lines of a log.
func end(t *testing.T, path string, lines int) string {
	t.Helper()
	var b strings.Builder
	if err := Copy(t.Context(), &b, path, CopyOptions{Last: lines}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The writer does not notice the rotation; the end of its output remains
// readable.
func TestBoundRotatesUnderTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fill(t, w, 0, 100)
	if done, err := bound(path, 1000); done || err != nil {
		t.Fatalf("1000 octets were rotated at a limit of 1000: %t, %v", done, err)
	}
	fill(t, w, 100, 250)
	if done, err := bound(path, 1005); !done || err != nil {
		t.Fatalf("rotated %t, %v", done, err)
	}
	if n := size(t, path); n != 0 {
		t.Errorf("the log has %d octets after the rotation", n)
	}
	if n := size(t, rotated(path)); n != 1000 {
		t.Errorf("the second file has %d octets, want the last 1000 from the beginning of a line", n)
	}
	fill(t, w, 250, 253)
	if got, want := end(t, path, 5), "000000248\n000000249\n000000250\n000000251\n000000252\n"; got != want {
		t.Errorf("the end is %q; want %q", got, want)
	}
}

// A writer that does not append leaves a hole when its file is truncated: the
// hole is neither text nor a reason to rotate again.
func TestBoundWithAWriterThatDoesNotAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const limit = 64 << 10
	fill(t, w, 0, 2*limit/10)
	if done, err := bound(path, limit); !done || err != nil {
		t.Fatalf("rotated %t, %v", done, err)
	}
	fill(t, w, 7, 8)
	if done, err := bound(path, limit); done || err != nil {
		t.Errorf("a hole was rotated: %t, %v", done, err)
	}
	if got := end(t, path, -1); !strings.HasSuffix(got, "\n000000007\n") || strings.Contains(got, "\x00") {
		t.Errorf("the end is %q", got[max(0, len(got)-4096):])
	}
}

func TestBoundOfWhatIsNoLog(t *testing.T) {
	dir := t.TempDir()
	if done, err := bound(filepath.Join(dir, "none"), 1); done || err != nil {
		t.Errorf("of nothing: %t, %v", done, err)
	}
	target := filepath.Join(dir, "precious")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "a.log")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if done, err := bound(link, 1); done || err == nil {
		t.Errorf("a link was followed: %t, %v", done, err)
	}
	if size(t, target) == 0 {
		t.Error("the target of a link is truncated")
	}
}

// Without room for a copy, the log is truncated all the same.
func TestBoundWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(rotated(path), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if done, err := bound(path, 10); !done || err == nil {
		t.Errorf("rotated %t, %v; want it done, and an error about the copy", done, err)
	}
	if n := size(t, path); n != 0 {
		t.Errorf("the log has %d octets", n)
	}
}

func TestRestartForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	for _, p := range []string{path, rotated(path)} {
		if err := os.WriteFile(p, []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Restart(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fill(t, f, 1, 2)
	if got := end(t, path, -1); got != "000000001\n" {
		t.Errorf("the log says %q", got)
	}
}

// Whatever a writer's speed, what is on the disk stays small.
func TestKeepAgainstAFlood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	ctx, stop := context.WithCancel(t.Context())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		Keep(ctx, func() []string { return []string{path} }, slog.New(slog.DiscardHandler))
	}()
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	line := []byte(strings.Repeat("y\n", 2048))
	const written = 256 << 20
	for range written / len(line) {
		if _, err := w.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); size(t, path) > maxSize; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log still has %d octets", size(t, path))
		}
	}
	stop()
	<-kept
	if n := size(t, rotated(path)); n > maxSize || n == 0 {
		t.Errorf("the second file has %d octets", n)
	}
}
