package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// openedView is a view whose sources are open, as later mounts may cover their paths.
type openedView struct {
	view
	root, kept *os.File
	own        []string // directories of the node, of which nothing is on the server's disk
}

func openView(root string) (*openedView, error) {
	v := &openedView{own: []string{"/run", "/tmp"}}
	text, err := os.ReadFile(filepath.Join(root, viewFile))
	if isMissing(err) {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &v.view)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(root, viewFile), err)
	}
	v.Files = slices.DeleteFunc(v.Files, func(name string) bool {
		_, dir, _ := ownPlace(root, name)
		return slices.Contains(systemFiles, name) || dir != "/"
	})
	if len(v.Files)+len(v.Keep) == 0 {
		return v, nil
	}
	if v.root, err = os.Open(root); err != nil {
		return nil, err
	}
	if len(v.Keep) > 0 {
		if v.kept, err = os.Open(v.Kept); err != nil {
			v.root.Close()
			return nil, err
		}
	}
	return v, nil
}

func (v *openedView) close() {
	for _, f := range []*os.File{v.root, v.kept} {
		if f != nil {
			f.Close()
		}
	}
}

// in returns a path below an open directory, whatever is mounted over its own.
func in(dir *os.File, name string) string {
	// thread-self: only this thread is in the new mount namespace.
	return fmt.Sprintf("/proc/thread-self/fd/%d/%s", dir.Fd(), strings.TrimPrefix(name, "/"))
}

// mount mounts what the node has to itself over what the server has.
func (v *openedView) mount() error {
	for _, name := range v.Keep {
		if err := v.place(name, in(v.kept, name), true); err != nil {
			return fmt.Errorf("keep %s: %w", name, err)
		}
	}
	for _, name := range v.Files {
		if err := v.place(name, in(v.root, ownTree+name), false); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	return nil
}

// place mounts source on a path, which it makes if nothing is there.
func (v *openedView) place(name, source string, dir bool) error {
	target, err := v.target(name, dir)
	if err != nil {
		return err
	}
	return unix.Mount(source, target, "none", unix.MS_BIND, "")
}

// target returns what a path leads to, through symbolic links. If nothing is there, it
// makes it in a directory of the node's own.
func (v *openedView) target(name string, dir bool) (string, error) {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real, nil
	}
	above, rest := filepath.Dir(name), filepath.Base(name)
	real, err := filepath.EvalSymlinks(above)
	for ; isMissing(err); real, err = filepath.EvalSymlinks(above) {
		above, rest = filepath.Dir(above), filepath.Join(filepath.Base(above), rest)
	}
	if err != nil {
		return "", err
	}
	if !v.owns(real) {
		if err := v.shadow(real); err != nil {
			return "", fmt.Errorf("replace %s: %w", real, err)
		}
	}
	target := filepath.Join(real, rest)
	for made := filepath.Dir(target); made != real; made = filepath.Dir(made) {
		v.own = append(v.own, made)
	}
	if dir {
		return target, os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	f, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return "", err
	}
	return target, f.Close()
}

// owns reports whether what is made in a directory is the node's.
func (v *openedView) owns(dir string) bool {
	return slices.Contains(v.own, dir) || strings.HasPrefix(dir, "/run/") || strings.HasPrefix(dir, "/tmp/")
}

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
	for _, e := range entries {
		if err := v.show(theirs, ours, e); err != nil {
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

// show makes an entry of the server's directory visible in the node's. One that has
// just been removed is left out.
func (v *openedView) show(theirs, ours *os.File, e os.DirEntry) error {
	source, target := in(theirs, e.Name()), in(ours, e.Name())
	switch {
	case e.Type()&os.ModeSymlink != 0:
		to, err := os.Readlink(source)
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := os.Symlink(to, target); err != nil && !os.IsExist(err) {
			return err
		}
		return nil
	case e.IsDir():
		if err := os.Mkdir(target, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
	default:
		f, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644)
		if err != nil {
			return err
		}
		f.Close()
	}
	if err := unix.Mount(source, target, "none", unix.MS_BIND|unix.MS_REC, ""); !isMissing(err) {
		return err
	}
	return nil
}
