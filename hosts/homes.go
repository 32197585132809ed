package hosts

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Homes holds what nodes that are network namespaces of this server have to
// themselves: a name, /etc/hosts, /run and /tmp, in a directory for each, and files
// and directories that cover the server's: see view. Their commands share everything
// else with the server.
type Homes struct {
	dir   string
	keep  string
	enter []string
}

// NewHomes keeps the files of a node in dir/LAB/NODE. The argv prefix enter
// runs this program such that it calls Enter with the remaining arguments, e.g.
// {"/proc/self/exe", "enter"}.
func NewHomes(dir string, enter []string) Homes { return Homes{dir: dir, keep: dir, enter: enter} }

// KeepingIn returns homes whose nodes keep what outlives them in dir/LAB/keep/NODE; ""
// for that of NewHomes.
func (h Homes) KeepingIn(dir string) Homes {
	h.keep = cmp.Or(dir, h.keep)
	return h
}

// Dir returns the directory of a node.
func (h Homes) Dir(lab, node string) string { return filepath.Join(h.dir, lab, node) }

// keepDir returns the directory of what a node keeps.
func (h Homes) keepDir(lab, node string) string { return filepath.Join(h.keep, lab, "keep", node) }

// Write writes the files that Enter mounts over the server's. It writes in
// place, so that running commands see the change.
func (h Homes) Write(spec Spec) error {
	root := h.Dir(spec.Lab, spec.Node)
	for dir, mode := range map[string]os.FileMode{"etc": 0o755, "run": 0o755, "tmp": 0o777 | os.ModeSticky} {
		path := filepath.Join(root, dir)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil { // despite the umask
			return err
		}
	}
	env, err := json.Marshal(spec.Env)
	if err != nil {
		return err
	}
	return errors.Join(
		WriteInPlace(filepath.Join(root, "etc/hosts"), spec.FileOr("/etc/hosts", HostsFile(spec.Hosts))),
		WriteInPlace(filepath.Join(root, "etc/hostname"), spec.FileOr("/etc/hostname", []byte(spec.Node+"\n"))),
		writeResolvConf(filepath.Join(root, "etc/resolv.conf"), spec),
		WriteInPlace(filepath.Join(root, envFile), env),
		h.writeView(root, spec),
	)
}

// writeResolvConf writes resolv.conf, empty unless it is one of the host's files. If
// others write it, it stays as it is.
func writeResolvConf(path string, spec Spec) error {
	_, given := spec.Files["/etc/resolv.conf"]
	if _, err := os.Stat(path); err == nil && spec.Resolves && !given {
		return nil
	}
	return WriteInPlace(path, spec.FileOr("/etc/resolv.conf", nil))
}

// RemoveKept removes what a node has kept.
func (h Homes) RemoveKept(lab, node string) error {
	if err := os.RemoveAll(h.keepDir(lab, node)); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(h.keepDir(lab, node))) // fails while others keep something
	return nil
}

// Remove removes the directory of a node, and the lab's when it was the last.
func (h Homes) Remove(lab, node string) error {
	if err := os.RemoveAll(h.Dir(lab, node)); err != nil {
		return err
	}
	// Fails while other nodes are there.
	_ = os.Remove(filepath.Join(h.dir, lab))
	return nil
}

// Command prepares a command that runs in the node at s.NetNS, as
// Runtime.Command does. The command inherits the terminal.
func (h Homes) Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error) {
	if len(e.Argv) == 0 {
		return nil, fmt.Errorf("host %s: no command", s.Node)
	}
	root := h.Dir(s.Lab, s.Node)
	env, err := readEnv(root)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", s.Node, err)
	}
	argv := slices.Concat(h.enter, entry{netns: s.NetNS, root: root, hostname: s.Node, dir: e.Dir}.args(), e.Argv)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = slices.Concat(os.Environ(), env, e.Env)
	return cmd, nil
}

// envFile keeps a node's environment for later commands.
const envFile = "env.json"

func readEnv(root string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(root, envFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var env map[string]string
	if err := json.Unmarshal(b, &env); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(root, envFile), err)
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	return list, nil
}
