package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Find returns the topology file of a ready lab, like Get. If there is none, the
// error suggests the nearest name.
func Find(name string) ([]byte, error) {
	if data, ok := Get(name); ok {
		return data, nil
	}
	return nil, unknown(name, "there is no ready lab %s (%s)")
}

// unknown returns the error for a name that is not in the catalogue. The format
// has verbs for the name and the list of ready labs.
func unknown(name, format string) error {
	msg := fmt.Sprintf(format, name, strings.Join(Names(), ", "))
	if n := topology.Nearest(name, Names()); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return status.NotFound(msg)
}

// Load reads the topology that a command names: a ready lab, a file, or "-" for
// stdin. Its hosts may run in the known runtimes. Load also returns the text.
func Load(lab string, stdin io.Reader, known ...topology.Runtime) (*topology.Topology, []byte, error) {
	source, data, err := read(lab, stdin)
	if err != nil {
		return nil, nil, err
	}
	// The paths of ready labs and of standard input are relative to the current
	// directory.
	t, err := Parse(source, data, filepath.Dir(source), known...)
	if err != nil {
		return nil, nil, err
	}
	return t, data, nil
}

// Parse is topology.Parse, with absolute paths where the text has some that are relative
// to a directory.
func Parse(source string, data []byte, dir string, known ...topology.Runtime) (*topology.Topology, error) {
	t, err := topology.Parse(source, data, known...)
	if err != nil {
		return nil, err
	}
	return t, absolutePaths(t, dir)
}

func read(lab string, stdin io.Reader) (string, []byte, error) {
	if lab == "-" {
		data, err := io.ReadAll(stdin)
		return "standard input", data, err
	}
	if data, ok := Get(lab); ok {
		return lab, data, nil
	}
	data, err := os.ReadFile(lab)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(lab, "./") {
		return "", nil, status.NotFound("there is no file " + lab)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, unknown(lab, "%s is neither a file nor a ready lab (%s)")
	}
	return lab, data, err
}

// absolutePaths makes the paths in a topology, which are relative to the
// directory of its file, absolute.
func absolutePaths(t *topology.Topology, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	resolve := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	for i := range t.Hosts {
		h := &t.Hosts[i]
		resolve(&h.Build)
		if h.Machine != nil {
			resolve(&h.Machine.Kernel)
			resolve(&h.Machine.Rootfs)
			resolve(&h.Machine.Image)
		}
		for j := range h.Mounts {
			resolve(&h.Mounts[j].Source)
		}
	}
	for _, p := range t.Passwords() {
		resolve(&p.File)
	}
	return nil
}
