package hosts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The mark of a namespace is in the file of its name, under the mount. There
// nothing inside can reach it, whatever root in a customer's host does to the
// alias of lo. It is there before and after the mount, so that leftovers of a
// killed process are known as ours. And it needs no directory of its own.

// errCovered is returned for a file on which a namespace was mounted meanwhile.
var errCovered = errors.New("a namespace was mounted on it just now")

// markFiles is the directory of names without the mounts in it.
type markFiles struct{ dir *os.File }

// openMarkFiles returns an error that wraps fs.ErrNotExist if no namespace has
// ever been named.
func openMarkFiles() (markFiles, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, runNetNS, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return markFiles{}, &fs.PathError{Op: "look under the mounts of", Path: runNetNS, Err: err}
	}
	// Later mounts stay out of it. If this fails they may turn up, as
	// errCovered.
	_ = unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Propagation: unix.MS_PRIVATE})
	return markFiles{os.NewFile(uintptr(fd), runNetNS)}, nil
}

func (m markFiles) close() { m.dir.Close() }

// read returns the mark in the file of a name, or errNoMark if that has none of
// ours.
func (m markFiles) read(name string) (Mark, error) {
	fd, err := unix.Openat(int(m.dir.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO):
		return Mark{}, errNoMark // a link, a socket
	case err != nil:
		return Mark{}, &fs.PathError{Op: "read the mark of", Path: filepath.Join(runNetNS, name), Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) == nil && st.Type == unix.NSFS_MAGIC {
		return Mark{}, errCovered
	}
	return readMark(f)
}

// of returns the mark of a name, or errNoMark, like readMarkOf. One view serves for many
// names: to close one, the kernel waits for all processors.
func (m markFiles) of(name string) (Mark, error) {
	mark, err := m.read(name)
	if errors.Is(err, errCovered) {
		return readMarkOf(name)
	}
	return mark, err
}

// readMark reads the mark in an open file.
func readMark(f *os.File) (Mark, error) {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return Mark{}, errors.Join(err, errNoMark)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxAlias+2))
	if err != nil {
		return Mark{}, err
	}
	mark, ok := strings.CutSuffix(string(text), "\n")
	if !ok {
		return Mark{}, errNoMark
	}
	return parseMark(mark)
}

// readMarkOf reads the mark of one name.
func readMarkOf(name string) (Mark, error) {
	const attempts = 5 // each with a view of its own
	var m Mark
	err := errCovered
	for range attempts {
		if !errors.Is(err, errCovered) {
			break
		}
		var files markFiles
		if files, err = openMarkFiles(); err != nil {
			return Mark{}, err
		}
		m, err = files.read(name)
		files.close()
	}
	return m, err
}

// writeMark writes the mark into the file of a name, before a namespace is
// mounted there. The file appears with the mark in it. An existing file is used
// if it has the same mark or is empty, as iproute2 leaves it when killed.
func writeMark(path string, m Mark) error {
	err := linkMark(path, m)
	if err == nil {
		return nil
	}
	// The file exists, or the file system lacks O_TMPFILE.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o444)
	if err != nil {
		return err
	}
	defer f.Close()
	if mark, err := readMark(f); err == nil && mark == m {
		return nil
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != 0 {
		return errors.Join(err, fmt.Errorf("%s: %w, nor a namespace; remove the file", path, ErrForeign))
	}
	if _, err = f.WriteString(m.String() + "\n"); err != nil {
		return errors.Join(err, os.Remove(path)) // half a mark identifies nobody
	}
	return nil
}

func linkMark(path string, m Mark) error {
	f, err := os.OpenFile(filepath.Dir(path), unix.O_TMPFILE|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(m.String() + "\n"); err != nil {
		return err
	}
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
}

// IsVacant reports whether the file of a name is empty and nothing is mounted
// on it. EnsureNamespace uses it although it has no mark.
func IsVacant(name string) bool {
	info, err := os.Lstat(filepath.Join(runNetNS, name))
	return err == nil && info.Mode().IsRegular() && info.Size() == 0 && !isNamespaceFile(filepath.Join(runNetNS, name))
}

// VacantNames lists the names for which IsVacant holds.
func VacantNames() ([]string, error) {
	entries, err := os.ReadDir(runNetNS)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list network namespaces: %w", err)
	}
	var names []string
	for _, e := range entries {
		if IsVacant(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// RemoveVacant removes the file of a name if it is vacant.
func RemoveVacant(name string) error {
	if checkNamespaceName(name) != nil || !IsVacant(name) {
		return nil
	}
	if err := os.Remove(filepath.Join(runNetNS, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove what is left of network namespace %q: %w", name, err)
	}
	return nil
}

// AdoptNamespace marks a namespace that an earlier version made, and marked
// only inside. The caller must know from elsewhere that the name is its own:
// the mark inside proves nothing. It reports whether it did.
func AdoptNamespace(name string, m Mark) (bool, error) {
	path := filepath.Join(runNetNS, name)
	if _, err := readMarkOf(name); !errors.Is(err, errNoMark) || checkNamespaceName(name) != nil || !isNamespaceFile(path) {
		return false, nil
	}
	err := doIn(path, func() error {
		says, err := descriptionOfThisNamespace()
		if err == nil && says != m {
			err = errNoMark
		}
		return err
	})
	if errors.Is(err, errNoMark) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("network namespace %q: %w", name, err)
	}
	files, err := openMarkFiles()
	if err != nil {
		return false, err
	}
	defer files.close()
	return true, writeMark(fmt.Sprintf("/proc/self/fd/%d/%s", files.dir.Fd(), name), m)
}
