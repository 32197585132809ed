package inventory

import (
	"bytes"
	"context"
	"strings"
	"unicode"

	"pseudowan/hosts"
)

const (
	lastLinesShown  = 5
	longestLastLine = 200 // octets
)

// LastLines returns the last lines of output of a host's own command.
func (r Runtimes) LastLines(ctx context.Context, s hosts.Sandbox) []string {
	runtime, err := r.Get(s.Runtime)
	if err != nil {
		return nil
	}
	var log bytes.Buffer
	if err := runtime.Log(ctx, s, hosts.LogOptions{Last: lastLinesShown}, &log); err != nil {
		return nil
	}
	return Printable(log.String())
}

// Printable returns the lines of a host's output without terminal control characters.
func Printable(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = printable(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// printable removes terminal control characters from a line of a host's output.
func printable(line string) string {
	line = strings.ToValidUTF8(line[:min(len(line), longestLastLine)], "")
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, line)
	return strings.TrimSpace(line)
}
