package hosts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ownDirs are where a netns host has files of its own; all else is the
// server's.
var ownDirs = []string{"/run/", "/tmp/"}

// writeOwn writes a host's files below its directory.
func writeOwn(root string, files map[string]string) error {
	for name, text := range files {
		if err := checkOwn(name); err != nil {
			return err
		}
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
		if err := writeChanged(file, []byte(text)); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
		if err := os.Chmod(file, fileMode(text)); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	return nil
}

// fileMode lets what begins with "#!" be executed.
func fileMode(text string) os.FileMode {
	if strings.HasPrefix(text, "#!") {
		return 0o755
	}
	return 0o644
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

var errNotOwn = errors.New("a host of the netns runtime has only /run and /tmp to itself; put it there, as /run/NAME")

// given tells two sets of files and environment apart.
func (s Spec) given() string {
	text, err := json.Marshal([]map[string]string{s.Files, s.Env}) // sorted by key
	if err != nil {
		return "" // maps of text can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
