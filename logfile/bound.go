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

// maxSize is how large a log grows, in octets, before it is rotated. Its end is
// kept in a second file of the same size.
const maxSize = 512 << 10

// rotated returns the path of the second file of a log.
func rotated(path string) string { return path + ".1" }

// Open opens a log for appending, and creates it if it is missing. Only writers
// that append start at the beginning of a file again after it has been
// truncated.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// Restart opens a log and empties it, for a new writer. The file stays the
// same: an earlier writer may have it open still, and output to a removed file
// cannot be bounded.
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

// bound rotates the log at path if it holds more than limit octets, and reports
// whether it did. Its writers continue with an empty file; lines written during
// the rotation may be lost. It is no error if the log does not exist.
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
	// Two processes must not rotate the same octets one after the other.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("lock %s: %w", path, err)
	}
	// Losing the copy is the smaller evil: on a full disk there may be no room
	// for it.
	copied := saveEnd(f, size, limit, rotated(path))
	return true, errors.Join(f.Truncate(0), copied)
}

// measure returns the size of a regular file, and how many octets it holds:
// after a truncation, a writer that does not append leaves a hole in front of
// its output.
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

// saveEnd copies the last limit octets, starting at the beginning of a line, to
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
