package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"time"
)

// Archive is a tar.gz of texts without secrets.
type Archive struct {
	mask   Mask
	root   string
	gz     *gzip.Writer
	tar    *tar.Writer
	now    time.Time
	failed []string
	err    error
}

// largest limits a file of an archive: of a longer one its end is kept.
const largest = 8 << 20

// New begins an archive whose files are in the directory root.
func New(w io.Writer, root string, mask Mask, now time.Time) *Archive {
	gz := gzip.NewWriter(w)
	return &Archive{mask: mask, root: root, gz: gz, tar: tar.NewWriter(gz), now: now}
}

// Add adds a file.
func (a *Archive) Add(name string, data []byte) {
	if len(data) > largest {
		data = append([]byte("(the beginning is left out)\n"), end(data)...)
	}
	text := []byte(a.mask.Text(string(data)))
	h := &tar.Header{Name: path.Join(a.root, path.Join("/", name)), Mode: 0o600, Size: int64(len(text)), ModTime: a.now, Format: tar.FormatPAX}
	if a.err == nil {
		a.err = a.tar.WriteHeader(h)
	}
	if a.err == nil {
		_, a.err = io.Copy(a.tar, bytes.NewReader(text))
	}
}

// end returns the last whole lines of a long text: half a secret, or one without its name,
// would not be seen as one.
func end(data []byte) []byte {
	data = data[len(data)-largest:]
	if _, lines, found := bytes.Cut(data, []byte("\n")); found {
		return lines
	}
	return data
}

// Try adds what do returns; if it fails, the archive says why.
func (a *Archive) Try(name string, do func() ([]byte, error)) {
	data, err := do()
	if err != nil {
		a.failed = append(a.failed, fmt.Sprintf("%s: %v", name, err))
	}
	if len(data) > 0 {
		a.Add(name, data)
	}
}

// Close ends the archive with a list of what could not be collected.
func (a *Archive) Close() error {
	var b bytes.Buffer
	for _, line := range a.failed {
		fmt.Fprintln(&b, line)
	}
	if b.Len() > 0 {
		a.Add("not-collected.txt", b.Bytes())
	}
	return errors.Join(a.err, a.tar.Close(), a.gz.Close())
}
