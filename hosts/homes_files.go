package hosts

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ownDirs are the directories that a node in a namespace has to itself.
var ownDirs = []string{"/run/", "/tmp/"}

// writeOwn writes a node's files below its directory.
func writeOwn(root string, files map[string]string) error {
	for name, text := range files {
		if err := checkOwn(name); err != nil {
			return err
		}
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
		if err := WriteInPlace(file, []byte(text)); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
		if err := os.Chmod(file, FileMode(text)); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	return nil
}

// FileMode returns the mode of a host's file: a text that begins with "#!" is
// executable.
func FileMode(text string) os.FileMode {
	if strings.HasPrefix(text, "#!") {
		return 0o755
	}
	return 0o644
}

// Check refuses files outside the directories that a node has to itself.
func (h Homes) Check(spec Spec) error {
	var errs []error
	for name := range spec.Files {
		errs = append(errs, checkOwn(name))
	}
	return errors.Join(errs...)
}

func checkOwn(name string) error {
	if path.Clean(name) != name {
		return fmt.Errorf("file %q: not the path of a file", name)
	}
	for _, dir := range ownDirs {
		if strings.HasPrefix(name, dir) {
			return nil
		}
	}
	return fmt.Errorf("file %s: %w", name, errNotOwn)
}

var errNotOwn = errors.New("a host that is a namespace has only /run and /tmp to itself; put the file there, e.g. /run/NAME")
