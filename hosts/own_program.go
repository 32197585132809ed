package hosts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// programDir is where a node in a namespace finds this program, under its usual name:
// the file that runs may be anywhere, also where the node has its own directories.
const programDir = "/run/bin"

// programName is the name by which commands of a node call this program.
const programName = "pseudowan"

// openProgram opens the file of this program. A file that has been replaced since is
// as good; without one there is nothing to show.
func openProgram() (*os.File, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(strings.TrimSuffix(path, " (deleted)"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

// showProgram shows the program in /run/bin, unless the node has a file of its own
// there. Commands look there first: another version may be installed.
func showProgram(program *os.File) error {
	if program == nil {
		return nil
	}
	if err := os.Setenv("PATH", programDir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return err
	}
	target := filepath.Join(programDir, programName)
	if st, err := os.Stat(target); err == nil && st.Size() > 0 {
		return nil
	}
	if err := os.MkdirAll(programDir, 0o755); err != nil {
		return err
	}
	place, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o755)
	if err != nil {
		return err
	}
	return errors.Join(place.Close(), unix.Mount(procPath(program), target, "none", unix.MS_BIND, ""))
}
