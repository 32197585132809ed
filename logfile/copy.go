package logfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// CopyOptions say how much of a log is copied.
type CopyOptions struct {
	Last    int         // lines; negative: all that are kept
	Follow  bool        // go on with what is added
	Written func() bool // reports whether somebody writes the log; a log is followed until nobody does, or it is removed
}

// Copy writes what a log says to w, also where it is rotated meanwhile: what is
// added faster than it is read may be missing then. A log that does not exist
// is empty. A log that is followed is copied until ctx ends at the latest, whose
// error is returned then.
func Copy(ctx context.Context, w io.Writer, path string, o CopyOptions) error {
	before, err := os.ReadFile(rotated(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = w.Write(LastLines(before, o.Last))
		return err
	}
	if err != nil {
		return err
	}
	defer f.Close()
	now, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if _, err := w.Write(LastLines(append(before, withoutHole(now)...), o.Last)); err != nil || !o.Follow {
		return err
	}
	return follow(ctx, f, w, o.Written)
}

// LastLines are the last n lines of a text; all where n is negative.
func LastLines(text []byte, n int) []byte {
	text = withoutHole(text)
	if n < 0 {
		return text
	}
	from := len(text)
	for range n {
		if from == 0 {
			break
		}
		from = bytes.LastIndexByte(text[:from-1], '\n') + 1
	}
	return text[from:]
}

// withoutHole is a log without the hole in front of it: see measure.
func withoutHole(text []byte) []byte { return bytes.TrimLeft(text, "\x00") }

// follow writes what is added to a file from where it has been read.
func follow(ctx context.Context, f *os.File, w io.Writer, written func() bool) error {
	const poll = 100 * time.Millisecond
	for {
		last := !written() // before the look that finds its last words
		if err := startOver(f); err != nil {
			return err
		}
		if _, err := io.Copy(w, f); err != nil {
			return err
		}
		if gone, err := removed(f); last || gone || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// startOver goes to the beginning of a file that has become shorter than what
// was read of it: it was rotated.
func startOver(f *os.File) error {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Size() >= at {
		return err
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// removed reports whether a file has no name any more, or another has its.
func removed(f *os.File) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && !os.SameFile(mine, there), err
}
