package store

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"pseudowan/status"
)

// mendedLimit limits the list of repairs, in octets: a daemon that keeps dying
// must not fill the disk.
const mendedLimit = 16 << 10

// NoteMended records a repair for the report of the next up.
func NoteMended(lab, what string) {
	f, err := os.OpenFile(mendedFile(lab), os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return // the lab's directory is gone: the next up makes everything again
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < mendedLimit {
		fmt.Fprintln(f, strings.ReplaceAll(what, "\n", " "))
	}
	NoteEvent(lab, status.Event{Kind: status.EventRepair, Text: what})
}

// DrainMended returns the repairs since the last call, a line each.
func DrainMended(lab string) (lines []string) {
	data, err := os.ReadFile(mendedFile(lab))
	if err != nil || os.Remove(mendedFile(lab)) != nil {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
