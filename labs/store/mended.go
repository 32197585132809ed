package store

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// mendedLimit bounds the list of what was put right, in octets: a daemon that
// dies for ever must not fill the disk.
const mendedLimit = 16 << 10

// NoteMended writes down for the next `up` what was put right without being
// asked: nobody shall be told that nothing was changed.
func NoteMended(lab, what string) {
	f, err := os.OpenFile(mendedFile(lab), os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return // without its directory, the lab has other worries
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < mendedLimit {
		fmt.Fprintln(f, strings.ReplaceAll(what, "\n", " "))
	}
}

// DrainMended returns what was put right since the last call, a line each.
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
