package store

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/status"
)

// EventsFile returns the path of the log of what has happened in a lab, a line of JSON
// each.
func EventsFile(lab string) string { return filepath.Join(RunDir(lab), ".events") }

// NoteEvent records what has happened now.
func NoteEvent(lab string, e status.Event) {
	e.Time = time.Now()
	line, err := json.Marshal(e)
	if err != nil {
		return // it has only texts
	}
	f, err := os.OpenFile(EventsFile(lab), os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return // the lab's directory is gone
	}
	defer f.Close()
	_, _ = f.Write(append(line, '\n')) // a full disk must not stop the lab
}

// NoteCommand records that somebody has changed a lab; by is empty for the user who has
// started this program.
func NoteCommand(lab, by, text string) {
	by = cmp.Or(by, os.Getenv("SUDO_USER"), os.Getenv("USER"), "root")
	NoteEvent(lab, status.Event{Kind: status.EventCommand, Text: text, By: by})
}
