package hosts

import (
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
	"time"
)

// NetNS is the runtime whose hosts are network namespaces: each command is a
// program of the server with the host's network, name, and own /etc/hosts,
// /run and /tmp. A host costs no process beyond the command that its Spec asks
// for and the one that waits for its end; what it says is in the host's
// directory, in command.log.
type NetNS struct {
	stateDir string
	enter    []string
}

// NewNetNS keeps the hosts' files under stateDir/LAB/NODE. The argv prefix
// enter runs this program so that it calls Enter with the rest of its
// arguments, as in {"/proc/self/exe", "enter"}.
func NewNetNS(stateDir string, enter []string) *NetNS {
	return &NetNS{stateDir: stateDir, enter: enter}
}

// endGrace is how long a host's processes have to end by themselves.
const endGrace = 2 * time.Second

// Name implements Runtime.
func (r *NetNS) Name() string { return "netns" }

// Ensure implements Runtime.
func (r *NetNS) Ensure(ctx context.Context, spec Spec) (Sandbox, error) {
	if err := ctx.Err(); err != nil {
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	ns, created, err := EnsureNamespace(spec.Name, Mark{Lab: spec.Lab, Node: spec.Node, Kind: KindHost})
	if err != nil {
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	box, err := r.furnish(ctx, ns, spec)
	if err != nil {
		if created {
			err = errors.Join(err, r.Remove(context.WithoutCancel(ctx), r.sandbox(ns)))
		}
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	return box, nil
}

// furnish makes what belongs to a host beside its namespace.
func (r *NetNS) furnish(ctx context.Context, ns Namespace, spec Spec) (Sandbox, error) {
	if err := errors.Join(PrepareHost(ns.Path()), r.WriteFiles(spec)); err != nil {
		return Sandbox{}, err
	}
	if err := r.ensureCommand(ctx, r.sandbox(ns), spec); err != nil {
		return Sandbox{}, err
	}
	return r.sandbox(ns), nil
}

func (r *NetNS) sandbox(ns Namespace) Sandbox {
	box := Sandbox{Runtime: r.Name(), Lab: ns.Mark.Lab, Node: ns.Mark.Node, Name: ns.Name, NetNS: ns.Path()}
	c, known := settledCommand(r.dir(box.Lab, box.Node))
	switch {
	case !known:
	case c.Code != nil:
		box.Ended, box.ExitCode = true, *c.Code
	case c.running():
		box.PID = c.PID
	default: // it was killed with its supervisor
		box.Ended, box.ExitCode = true, UnknownExit
	}
	return box
}

func (s Sandbox) namespace() Namespace {
	return Namespace{Name: s.Name, Mark: Mark{Lab: s.Lab, Node: s.Node, Kind: KindHost}}
}

// List implements Runtime.
func (r *NetNS) List(_ context.Context, lab string) ([]Sandbox, error) {
	all, err := Namespaces()
	if err != nil {
		return nil, err
	}
	var found []Sandbox
	for _, ns := range all {
		if ns.Mark.Kind == KindHost && (lab == "" || ns.Mark.Lab == lab) {
			found = append(found, r.sandbox(ns))
		}
	}
	return found, nil
}

// Remove implements Runtime.
func (r *NetNS) Remove(ctx context.Context, s Sandbox) error {
	ns := s.namespace()
	if err := EndProcesses(ctx, []Namespace{ns}, endGrace); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	if err := ns.Delete(); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	if err := r.removeFiles(s.Lab, s.Node); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	return nil
}

// Command implements Runtime. A terminal is simply inherited.
func (r *NetNS) Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error) {
	if len(e.Argv) == 0 {
		return nil, fmt.Errorf("host %s: no command", s.Node)
	}
	root := r.dir(s.Lab, s.Node)
	env, err := readEnv(root)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", s.Node, err)
	}
	argv := slices.Concat(r.enter, entry{netns: s.NetNS, root: root, hostname: s.Node, dir: e.Dir}.args(), e.Argv)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = slices.Concat(os.Environ(), env, e.Env)
	return cmd, nil
}

func (r *NetNS) dir(lab, node string) string { return filepath.Join(r.stateDir, lab, node) }

// WriteFiles writes what Enter puts in the place of the server's files: for
// hosts Ensure does, for routers, which are entered alike, the caller. Files
// are written in place, so that running commands see the change.
func (r *NetNS) WriteFiles(spec Spec) error {
	root := r.dir(spec.Lab, spec.Node)
	for dir, mode := range map[string]os.FileMode{"etc": 0o755, "run": 0o755, "tmp": 0o777 | os.ModeSticky} {
		path := filepath.Join(root, dir)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask
			return err
		}
	}
	env, err := json.Marshal(spec.Env)
	if err != nil {
		return err
	}
	return errors.Join(
		writeChanged(filepath.Join(root, "etc/hosts"), hostsFile(spec.Hosts)),
		writeChanged(filepath.Join(root, "etc/hostname"), []byte(spec.Node+"\n")),
		writeChanged(filepath.Join(root, "etc/resolv.conf"), nil),
		writeChanged(filepath.Join(root, envFile), env),
		writeOwn(root, spec.Files),
	)
}

// removeFiles removes the host's directory, and the lab's when it was the last.
func (r *NetNS) removeFiles(lab, node string) error {
	if err := os.RemoveAll(r.dir(lab, node)); err != nil {
		return err
	}
	// Not empty: others are there.
	_ = os.Remove(filepath.Join(r.stateDir, lab))
	return nil
}

// envFile keeps a host's environment for later commands.
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
