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

// CopyOptions select what Copy copies.
type CopyOptions struct {
	Last    int         // lines; negative: all that are kept
	Follow  bool        // continue with what is added
	Written func() bool // reports whether the log has a writer; it is followed until it has none, or is removed
	Opened  func()      // hears that a log that exists is open: whatever is added from then on is followed; may be nil
}

// Copy writes a log to w, across rotations: what is added faster than it is
// read may then be missing. A log that does not exist is empty. Copy follows a
// log until ctx ends at the latest, and then returns its error.
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
	if o.Opened != nil {
		o.Opened()
	}
	if _, err := w.Write(LastLines(append(before, withoutHole(now)...), o.Last)); err != nil || !o.Follow {
		return err
	}
	return follow(ctx, f, w, o.Written)
}

// LastLines returns the last n lines of a text, or all if n is negative.
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

// withoutHole returns a log without the hole in front of it: see measure.
func withoutHole(text []byte) []byte { return bytes.TrimLeft(text, "\x00") }

// follow writes what is added to a file after the offset of f.
func follow(ctx context.Context, f *os.File, w io.Writer, written func() bool) error {
	const poll = 100 * time.Millisecond
	for {
		last := !written() // before the last read
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

// startOver goes to the beginning of a file that is now shorter than what was
// read of it, which means that it has been rotated.
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

// removed reports whether a file has lost its name, or another file has it.
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
