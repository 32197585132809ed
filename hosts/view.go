package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// view says what a node in a namespace sees that is not the server's: files at any
// path, directories that it keeps, and files that the server lends it. They are mounted over the server's in the mount
// namespace of each command. Where the server has nothing to mount them on, the
// directory above is replaced by one of the node's own that shows everything that the
// server's has: nothing is ever written to the server's disk.
type view struct {
	Files []string `json:"files"` // absolute paths
	Keep  []string `json:"keep"`
	Kept  string   `json:"kept"` // the directory of what is kept

	Lent map[string]string `json:"lent,omitempty"` // files of the server, to be read, by where they are seen
}

// Names in a node's directory.
const (
	viewFile   = "view.json"
	ownTree    = "own"    // its files, by their path
	shadowTree = "shadow" // directories that replace the server's
)

// systemFiles are written for every node.
var systemFiles = []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}

// ownDirs are the directories that a node in a namespace has to itself.
var ownDirs = []string{"/run/", "/tmp/"}

// writeView writes a node's files, in place, and makes the directories that it keeps.
func (h Homes) writeView(root string, spec Spec) error {
	var before view
	if text, err := os.ReadFile(filepath.Join(root, viewFile)); err == nil {
		_ = json.Unmarshal(text, &before) // it is written anew
	}
	now := view{Kept: h.keepDir(spec.Lab, spec.Node), Keep: spec.Keep, Lent: spec.Lent}
	for name, text := range spec.Files {
		if err := writeOwn(root, name, text); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
		now.Files = append(now.Files, name)
	}
	slices.Sort(now.Files)
	for _, name := range before.Files {
		if !slices.Contains(now.Files, name) {
			dropOwn(root, name)
		}
	}
	for _, name := range now.Keep {
		if err := makeLike(filepath.Join(now.Kept, name), name); err != nil {
			return fmt.Errorf("keep %s: %w", name, err)
		}
	}
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return WriteInPlace(filepath.Join(root, viewFile), text)
}

// makeLike makes a directory with the owner and the mode of another one, if that
// exists.
func makeLike(dir, like string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	// Under its name it has its owner from the beginning, whoever is killed meanwhile.
	made, err := os.MkdirTemp(filepath.Dir(dir), ".new-")
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(made, 0o755), copyOwner(made, like)); err != nil {
		return errors.Join(err, os.Remove(made))
	}
	err = unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, dir, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EEXIST) { // another command was faster
		return os.Remove(made)
	}
	return err
}

func copyOwner(dir, like string) error {
	var st unix.Stat_t
	if unix.Stat(like, &st) != nil {
		return nil
	}
	return errors.Join(os.Chown(dir, int(st.Uid), int(st.Gid)), unix.Chmod(dir, st.Mode&0o7777))
}

// FileMode returns the mode of a host's file: a text that begins with "#!" is
// executable.
func FileMode(text string) os.FileMode {
	if strings.HasPrefix(text, "#!") {
		return 0o755
	}
	return 0o644
}

// Check refuses files and directories that have no place on this server.
func (h Homes) Check(spec Spec) error {
	var errs []error
	for name := range spec.Files {
		if err := checkPlace(name, false); err != nil {
			errs = append(errs, fmt.Errorf("file %s: %w", name, err))
		}
	}
	for _, name := range spec.Keep {
		if err := checkPlace(name, true); err != nil {
			errs = append(errs, fmt.Errorf("keep %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func checkPlace(name string, dir bool) error {
	if slices.ContainsFunc(ownDirs, func(own string) bool { return strings.HasPrefix(name, own) }) {
		return nil
	}
	switch info, err := os.Stat(name); {
	case errors.Is(err, unix.ENOTDIR):
		return errors.New("a part of its path is a file of the server; use another path")
	case err == nil && info.IsDir() && !dir:
		return errors.New("it is a directory of the server; use another path")
	case err == nil && !info.IsDir() && dir:
		return errors.New("it is a file of the server; use another path")
	}
	return nil
}

// shadowName and shadowed turn the path of a directory into a name and back.
func shadowName(dir string) string {
	return strings.ReplaceAll(strings.ReplaceAll(dir, "%", "%25"), "/", "%2F")
}

func shadowed(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "%2F", "/"), "%25", "%")
}

// isMissing reports whether nothing is at a path.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
