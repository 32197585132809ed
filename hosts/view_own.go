package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ownPlace returns the directory below a node's own that holds a file of it, and the
// path of the file in there. dir is what that directory is to the node.
func ownPlace(root, name string) (holder, dir, rest string) {
	for _, dir := range ownDirs {
		if rest, below := strings.CutPrefix(name, dir); below {
			return filepath.Join(root, dir), dir, rest
		}
	}
	return filepath.Join(root, ownTree), "/", strings.TrimPrefix(name, "/")
}

// writeOwn writes a node's file below its directory. What the node's programs have put
// on the way there is followed as they see it, and never leads out of its directory.
func writeOwn(root, name, text string) error {
	if path.Clean(name) != name || !path.IsAbs(name) || name == "/" {
		return errors.New("not the path of a file")
	}
	if slices.Contains(systemFiles, name) {
		return nil
	}
	holder, dir, rest := ownPlace(root, name)
	if err := os.MkdirAll(holder, 0o755); err != nil {
		return err
	}
	in, err := os.OpenRoot(holder)
	if err != nil {
		return err
	}
	defer in.Close()
	rest = followOwn(in, dir, rest)
	if err := in.MkdirAll(filepath.Dir(rest), 0o755); err != nil {
		return fmt.Errorf("%w; if a program of the host has made a link on the way there, remove it or use another path", err)
	}
	if info, err := in.Lstat(rest); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		if err := in.Remove(rest); err != nil { // a link that leads out, or a pipe, at which opening waits
			return err
		}
	}
	return writeIn(in, rest, text)
}

// writeIn writes a file in place, unless it has that content already.
func writeIn(in *os.Root, name, text string) error {
	f, err := in.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if have, err := io.ReadAll(f); err != nil || !bytes.Equal(have, []byte(text)) {
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.WriteAt([]byte(text), 0); err != nil {
			return err
		}
	}
	return f.Chmod(FileMode(text))
}

// followOwn resolves the symbolic links of a path in a node's directory as the node
// does, to which that is dir. A link that leads out of it stays: it is refused.
func followOwn(in *os.Root, dir, name string) string {
	const most = 40 // links, as in Linux
	for range most {
		next, ok := followOne(in, dir, name)
		if !ok {
			break
		}
		name = next
	}
	return name
}

// followOne replaces the first link of a path, if that leads to a place in dir.
func followOne(in *os.Root, dir, name string) (next string, ok bool) {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		to, err := in.Readlink(name[:i])
		if err != nil {
			continue // not a link, or nothing is there
		}
		if !path.IsAbs(to) {
			to = path.Join(dir, path.Dir(name[:i]), to)
		}
		below, inside := strings.CutPrefix(path.Clean(to), dir)
		return path.Join(below, name[i:]), inside
	}
	return "", false
}

// dropOwn removes a file that a node no longer has, and what stands for it in
// directories that replace the server's.
func dropOwn(root, name string) {
	holder, dir, rest := ownPlace(root, name)
	if in, err := os.OpenRoot(holder); err == nil {
		_ = in.Remove(followOwn(in, dir, rest)) // somebody inside may have
		in.Close()
	}
	shadows, _ := os.ReadDir(filepath.Join(root, shadowTree))
	for _, s := range shadows {
		above := strings.TrimSuffix(shadowed(s.Name()), "/") + "/"
		if rest, below := strings.CutPrefix(name, above); below {
			dropEmpty(filepath.Join(root, shadowTree, s.Name()), rest)
		}
	}
}

// dropEmpty removes an empty file below a directory. Links out of it are the server's.
func dropEmpty(dir, name string) {
	in, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer in.Close()
	if info, err := in.Lstat(name); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		_ = in.Remove(name)
	}
}
