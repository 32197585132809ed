package hosts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A stub stands for an entry of the server's directory in the node's that replaces it.
// It is told from what the node's programs make there by its mode, which no program
// gives a file, or as a link by its time: nobody sees the others while the server has
// the entry.
const stubMode = unix.S_ISVTX

var stubTime = unix.Timespec{Sec: 1}

// shadow replaces a directory of the server by one of the node's, in which everything
// that is in the server's is mounted.
func (v *openedView) shadow(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	theirs, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer theirs.Close()
	backing := in(v.root, filepath.Join(shadowTree, shadowName(dir)))
	if err := makeLike(backing, dir); err != nil {
		return err
	}
	ours, err := os.Open(backing)
	if err != nil {
		return err
	}
	defer ours.Close()
	if err := dropStubs(theirs, ours); err != nil {
		return err
	}
	for _, e := range entries {
		if err := show(theirs, ours, e); err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	v.own = append(v.own, dir)
	if dir == "/" {
		return becomeRoot(ours)
	}
	return unix.Mount(in(ours, ""), dir, "none", unix.MS_BIND|unix.MS_REC, "")
}

// becomeRoot makes a directory the root of this thread, which has its file system for
// itself. It is mounted first, as commands that make mount namespaces expect of a root.
func becomeRoot(dir *os.File) error {
	const place = "/run/.root"
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(in(dir, ""), place, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Chroot(place)
}

// dropStubs removes what stands for entries that the server no longer has.
func dropStubs(theirs, ours *os.File) error {
	names, err := ours.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		st, err := lstatAt(ours, name)
		if err != nil || !isStub(st) {
			continue
		}
		if _, err := lstatAt(theirs, name); isMissing(err) {
			_ = removeAt(ours, name, st) // another command may have, just now
		}
	}
	return nil
}

// show makes an entry of the server's directory visible in the node's. One that has
// just been removed is left out, and so is one where the node has something else of its
// own.
func show(theirs, ours *os.File, e os.DirEntry) error {
	source, target := in(theirs, e.Name()), in(ours, e.Name())
	if e.Type()&os.ModeSymlink != 0 {
		to, err := os.Readlink(source)
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = stand(ours, e.Name(), unix.S_IFLNK, to)
		return err
	}
	kind := uint32(unix.S_IFREG)
	if e.IsDir() {
		kind = unix.S_IFDIR
	}
	if ready, err := stand(ours, e.Name(), kind, ""); err != nil || !ready {
		return err
	}
	if err := unix.Mount(source, target, "none", unix.MS_BIND|unix.MS_REC, ""); !isMissing(err) {
		return err
	}
	return nil
}

// stand makes an entry of a kind, a link to a path or one to mount on, in place of a
// stub that is there from earlier. It returns false if something of the node's
// is in its place. Other commands may do the same at the same time.
func stand(dir *os.File, name string, kind uint32, to string) (ready bool, err error) {
	const attempts = 5
	for range attempts {
		st, err := lstatAt(dir, name)
		switch {
		case isMissing(err):
			if err := makeAt(dir, name, kind, to); !errors.Is(err, unix.EEXIST) {
				return err == nil, err
			}
			continue
		case err != nil:
			return false, err
		case st.Mode&unix.S_IFMT == kind && (kind != unix.S_IFLNK || linksTo(dir, name, to)):
			return true, nil
		case !isStub(st):
			return false, nil
		}
		if err := removeAt(dir, name, st); err != nil && !isMissing(err) {
			return false, err
		}
	}
	return false, errors.New("it changes all the time")
}

func linksTo(dir *os.File, name, to string) bool {
	is, err := os.Readlink(in(dir, name))
	return err == nil && is == to
}

func makeAt(dir *os.File, name string, kind uint32, to string) error {
	switch kind {
	case unix.S_IFLNK:
		if err := unix.Symlinkat(to, int(dir.Fd()), name); err != nil {
			return err
		}
		return unix.UtimesNanoAt(int(dir.Fd()), name, []unix.Timespec{stubTime, stubTime}, unix.AT_SYMLINK_NOFOLLOW)
	case unix.S_IFDIR:
		return unix.Mkdirat(int(dir.Fd()), name, stubMode)
	default:
		return unix.Mknodat(int(dir.Fd()), name, unix.S_IFREG|stubMode, 0)
	}
}

func lstatAt(dir *os.File, name string) (st unix.Stat_t, err error) {
	err = unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st, err
}

func isStub(st unix.Stat_t) bool {
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return st.Mtim.Sec == stubTime.Sec
	}
	return st.Mode&0o7777 == stubMode
}

func removeAt(dir *os.File, name string, st unix.Stat_t) error {
	flags := 0
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		flags = unix.AT_REMOVEDIR
	}
	return unix.Unlinkat(int(dir.Fd()), name, flags)
}

// makePlace makes a file or a directory to mount on below a directory of the node's,
// with the directories above it. A link on the way leads to nothing, and gives way.
func makePlace(dir, name string, isDir bool) error {
	in, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer in.Close()
	parts := strings.Split(name, "/")
	for i := range parts {
		part := filepath.Join(parts[:i+1]...)
		if info, err := in.Lstat(part); err == nil && info.Mode()&os.ModeSymlink != 0 {
			if err := in.Remove(part); err != nil && !isMissing(err) {
				return err
			}
		}
		if i < len(parts)-1 || isDir {
			if err := in.Mkdir(part, 0o755); err != nil && !os.IsExist(err) {
				return err
			}
			continue
		}
		f, err := in.OpenFile(part, os.O_CREATE|os.O_RDONLY|unix.O_NONBLOCK, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	}
	return nil
}
