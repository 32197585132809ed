package logfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// maxSize is how large a log grows, in octets, before it is rotated. What it
// held last stays in a second file of the same size.
const maxSize = 512 << 10

// rotated is the path of what a log held before.
func rotated(path string) string { return path + ".1" }

// Open opens a log to append to, and makes it where it is missing. A file that
// is truncated from outside is written from its beginning again only where it
// was opened to append.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// Restart opens a log for somebody who starts anew, without a predecessor's
// words. The file stays the same one: somebody may have it open still, and what
// is written to a removed file cannot be bounded.
func Restart(path string) (*os.File, error) {
	if err := os.Remove(rotated(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// bound rotates the log at path where it holds more than limit octets, and
// reports whether it did. Its writers go on with an empty file. Lines that are
// written in the moment of the rotation may be lost. A log that does not exist
// is no error.
func bound(path string, limit int64) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	size, held, err := measure(f)
	if err != nil || held <= limit {
		return false, err
	}
	// Two who bound the same log must not take turns at the same octets.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("lock %s: %w", path, err)
	}
	// The copy is the smaller loss: on a disk that is full there may be no room
	// for it.
	copied := saveEnd(f, size, limit, rotated(path))
	return true, errors.Join(f.Truncate(0), copied)
}

// measure returns the size of a regular file, and how many octets of it are
// held: a writer that does not append leaves a hole in front of what it writes
// after a truncation.
func measure(f *os.File) (size, held int64, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, 0, fmt.Errorf("%s is not a regular file", f.Name())
	}
	const block = 512
	return st.Size, min(st.Size, st.Blocks*block), nil
}

// saveEnd copies the last limit octets, from the beginning of a line on, to
// path.
func saveEnd(f *os.File, size, limit int64, path string) (err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, to.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	from := bufio.NewReader(io.NewSectionReader(f, max(0, size-limit), limit))
	if size > limit {
		if _, err := from.ReadSlice('\n'); err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
	}
	_, err = io.Copy(to, from)
	return err
}
