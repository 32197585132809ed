package logfile

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

func TestCopyLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	copied := func(n int) string {
		var b bytes.Buffer
		if err := Copy(context.Background(), &b, path, CopyOptions{Last: n}); err != nil {
			t.Error(err)
		}
		return b.String()
	}
	if got := copied(-1); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	for file, text := range map[string]string{rotated(path): "one\ntwo\n", path: "three\n\nfive"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]string{
		-1: "one\ntwo\nthree\n\nfive", 0: "", 1: "five", 2: "\nfive", 3: "three\n\nfive", 4: "two\nthree\n\nfive", 99: "one\ntwo\nthree\n\nfive",
	} {
		if got := copied(n); got != want {
			t.Errorf("the last %d lines: %q, want %q", n, got, want)
		}
	}
}

// A log is followed through a rotation, and to its end.
func TestCopyFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.log")
		w, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		fill(t, w, 0, 10)
		var step int
		steps := []func(){
			func() { fill(t, w, 10, 11) },
			func() {
				if _, err := bound(path, 50); err != nil {
					t.Error(err)
				}
				fill(t, w, 11, 13)
			},
			func() {},
		}
		var b bytes.Buffer
		err = Copy(context.Background(), &b, path, CopyOptions{Last: 1, Follow: true, Written: func() bool {
			steps[step]()
			step++
			return step < len(steps)
		}})
		if want := "000000009\n000000010\n000000011\n000000012\n"; b.String() != want || err != nil {
			t.Errorf("%q, %v; want %q", b.String(), err, want)
		}
	})
}

// What is added once the log is open is copied, however few lines were asked for.
func TestCopyTellsThatItIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fill(t, w, 0, 10)
	opened := 0
	var b bytes.Buffer
	err = Copy(context.Background(), &b, path, CopyOptions{Follow: true, Written: func() bool { return false }, Opened: func() {
		opened++
		fill(t, w, 10, 11)
	}})
	if b.String() != "000000010\n" || err != nil || opened != 1 {
		t.Errorf("opened %d times, %q, %v", opened, b.String(), err)
	}
}

func TestCopyEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	always := func() bool { return true }
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var b bytes.Buffer
	if err := Copy(ctx, &b, path, CopyOptions{Last: -1, Follow: true, Written: always}); !errors.Is(err, context.Canceled) {
		t.Errorf("after ctx has ended: %v", err)
	}
	gone := func() bool {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		return true
	}
	if err := Copy(context.Background(), &b, path, CopyOptions{Last: -1, Follow: true, Written: gone}); err != nil {
		t.Errorf("of a removed log: %v", err)
	}
}
