package keeper

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A silent process counts as hanging after a minute of checks, but not because the
// machine was suspended between two of them.
func TestSilenceIsCountedWhileWatched(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	if err := os.WriteFile(beat, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var w watched
	look := func(after time.Duration) bool {
		now = now.Add(after)
		return w.hangs(os.Getpid(), beat, now)
	}
	for range 3 {
		if look(time.Second) || look(time.Hour) {
			t.Fatal("a process counts as hanging because nobody checked for an hour")
		}
	}
	silent := time.Duration(0)
	for ; !look(time.Second); silent += time.Second {
		if silent > 2*silenceLimit {
			t.Fatal("a silent process never counts as hanging")
		}
	}
	if silent < silenceLimit-time.Second {
		t.Errorf("a process counts as hanging after %v of silence", silent)
	}
	if err := os.Chtimes(beat, now, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if look(time.Second) {
		t.Error("a process that has just given a sign of life counts as hanging")
	}
}
