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
	lent       map[string]*os.File
	own        []string // directories of the node, of which nothing is on the server's disk
}

func openView(root string) (*openedView, error) {
	v := &openedView{own: []string{"/run", "/tmp"}}
	text, err := os.ReadFile(filepath.Join(root, viewFile))
	if err == nil {
		err = json.Unmarshal(text, &v.view)
	}
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(root, viewFile), err)
	}
	v.Files = slices.DeleteFunc(v.Files, func(name string) bool {
		_, dir, _ := ownPlace(root, name)
		return slices.Contains(systemFiles, name) || dir != "/"
	})
	if err := v.open(root); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *openedView) open(root string) (err error) {
	if v.root, err = os.Open(root); err != nil {
		return err
	}
	if len(v.Keep) > 0 {
		if v.kept, err = os.Open(v.Kept); err != nil {
			return err
		}
	}
	v.lent = map[string]*os.File{}
	for name, source := range v.Lent {
		if v.lent[name], err = os.Open(source); err != nil {
			return err
		}
	}
	return nil
}

// close closes what is open. A nil file may be closed.
func (v *openedView) close() {
	v.root.Close()
	v.kept.Close()
	for _, f := range v.lent {
		f.Close()
	}
}

// in returns a path below an open directory, whatever is mounted over its own.
func in(dir *os.File, name string) string {
	// thread-self: only this thread is in the new mount namespace.
	return fmt.Sprintf("/proc/thread-self/fd/%d/%s", dir.Fd(), strings.TrimPrefix(name, "/"))
}

// mount mounts what the node has to itself over what the server has.
func (v *openedView) mount() error {
	if err := v.mountSystem(); err != nil {
		return err
	}
	for _, name := range v.Keep {
		if err := v.place(name, in(v.kept, name), true); err != nil {
			return fmt.Errorf("keep %s: %w", name, err)
		}
	}
	for name, file := range v.lent {
		if err := v.lend(name, file); err != nil {
			return fmt.Errorf("%s as %s: %w", file.Name(), name, err)
		}
	}
	for _, name := range v.Files {
		if err := v.place(name, in(v.root, ownTree+name), false); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	return nil
}

// mountSystem mounts the files that every node has. The server may lack them, or have a
// link in their place, which may lead to what is the node's by now.
func (v *openedView) mountSystem() error {
	if err := v.keepResolvConf(); err != nil {
		return err
	}
	for _, name := range systemFiles {
		if err := v.place(name, in(v.root, name), false); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	return nil
}

// keepResolvConf makes the target of /etc/resolv.conf exist if that is a link
// into /run, which is now the host's own: it is mounted there then, and /etc can stay
// the server's.
func (v *openedView) keepResolvConf() error {
	target, err := os.Readlink("/etc/resolv.conf")
	if err != nil {
		return nil // not a link
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join("/etc", target)
	}
	if !strings.HasPrefix(target, "/run/") {
		return nil
	}
	_, err = v.target(target, false)
	return err
}

// place mounts source on a path, which it makes if nothing is there.
func (v *openedView) place(name, source string, dir bool) error {
	target, err := v.target(name, dir)
	if err != nil {
		return err
	}
	return unix.Mount(source, target, "none", unix.MS_BIND, "")
}

// lend mounts a file of the server on a path, from which it can only be read.
func (v *openedView) lend(name string, file *os.File) error {
	target, err := v.target(name, false)
	if err != nil {
		return err
	}
	if err := unix.Mount(procPath(file), target, "none", unix.MS_BIND, ""); err != nil {
		return err
	}
	return unix.Mount("none", target, "none", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
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
	return target, makePlace(real, rest, dir)
}

// owns reports whether what is made in a directory is the node's.
func (v *openedView) owns(dir string) bool {
	return slices.Contains(v.own, dir) || strings.HasPrefix(dir, "/run/") || strings.HasPrefix(dir, "/tmp/")
}
