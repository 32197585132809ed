package logfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Tail returns the last n octets of a log, from the beginning of a line on,
// also where it has just been rotated. A log that does not exist is empty.
func Tail(path string, n int) ([]byte, error) {
	now, err := end(path, n)
	if err != nil || len(now) >= n {
		return wholeLines(now, n), err
	}
	before, err := end(rotated(path), n-len(now)+1)
	if err != nil {
		return wholeLines(now, n), err
	}
	return wholeLines(append(before, now...), n), nil
}

// wholeLines is the last n octets of b, without the line of which they are
// only the end.
func wholeLines(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	cut := b[len(b)-n:]
	if b[len(b)-n-1] == '\n' {
		return cut
	}
	if at := bytes.IndexByte(cut, '\n'); at >= 0 && at < len(cut)-1 {
		return cut[at+1:]
	}
	return cut
}

// end is the last n octets of a file and one more, where it has more, and no
// hole in front.
func end(path string, n int) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, _, err := measure(f)
	if err != nil {
		return nil, err
	}
	from := max(0, size-int64(n)-1)
	b, err := io.ReadAll(io.NewSectionReader(f, from, int64(n)+1))
	return bytes.TrimLeft(b, "\x00"), err
}
