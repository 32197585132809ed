package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// sysctlTree is the directories of the thread's namespace under /proc/sys/net, open by
// path. The kernel finds conf in ipv4 among those of all namespaces, one after the
// other: with a thousand of them, looking for each setting from the root takes most of
// the time that a host takes.
type sysctlTree map[string]int

func (t sysctlTree) close() {
	for _, fd := range t {
		unix.Close(fd)
	}
}

// dir opens a directory, "." for /proc/sys/net itself.
func (t sysctlTree) dir(name string) (int, error) {
	if fd, ok := t[name]; ok {
		return fd, nil
	}
	parent, last := unix.AT_FDCWD, "/proc/sys/net"
	if name != "." {
		above, err := t.dir(path.Dir(name))
		if err != nil {
			return -1, err
		}
		parent, last = above, path.Base(name)
	}
	fd, err := unix.Openat(parent, last, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path.Join("/proc/sys/net", name), Err: err}
	}
	t[name] = fd
	return fd, nil
}

// open opens a setting, for writing if that is possible.
func (t sysctlTree) open(name string) (*os.File, error) {
	dir, err := t.dir(path.Dir(name))
	if err != nil {
		return nil, err
	}
	full := path.Join("/proc/sys/net", name)
	fd, err := unix.Openat(dir, path.Base(name), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EROFS) {
		fd, err = unix.Openat(dir, path.Base(name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: full, Err: err}
	}
	return os.NewFile(uintptr(fd), full), nil
}

// set changes a setting that has another value.
func (t sysctlTree) set(s sysctl) error {
	f, err := t.open(s.path)
	if err != nil {
		return fmt.Errorf("sysctl: %w", err)
	}
	defer f.Close()
	have, err := readSetting(f)
	if err != nil {
		return fmt.Errorf("read sysctl: %w", err)
	}
	if sameFields(have, s.value) {
		return nil
	}
	if _, err := f.WriteAt([]byte(s.value), 0); err != nil {
		return fmt.Errorf("set sysctl to %s: %w", s.value, err)
	}
	return nil
}

func (t sysctlTree) read(name string) ([]byte, error) {
	f, err := t.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readSetting(f)
}

// readSetting reads what the kernel gives at once: no setting is longer than a page.
func readSetting(f *os.File) ([]byte, error) {
	const page = 4096
	b := make([]byte, page)
	n, err := unix.Pread(int(f.Fd()), b, 0)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: f.Name(), Err: err}
	}
	return b[:n], nil
}

// sameFields compares values as the kernel does, which separates fields by tabs.
func sameFields(have []byte, want string) bool {
	a, b := bytes.Fields(have), bytes.Fields([]byte(want))
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
