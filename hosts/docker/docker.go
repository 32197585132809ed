package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// containers is the runtime whose hosts are containers without a Docker
// network. They are never privileged; they have NET_ADMIN and NET_RAW, and the
// capabilities and devices that their Spec names.
type containers struct {
	cli   *client.Client
	enter []string
	say   func(string)

	image   sync.Mutex        // one pull or build at a time
	images  map[string]string // references by requested name
	builtin func() (builtin, error)
}

const (
	runtimeName = "docker"
	minName     = 2 // Docker's rule
)

// Driver describes the runtime.
func Driver() hosts.Driver {
	return hosts.Driver{
		Name: runtimeName, Containers: true, MinName: minName,
		Open:  func(o hosts.Options) (hosts.Runtime, error) { return open("", o) },
		Enter: enterContainer,
	}
}

// open does not talk to the daemon yet; see Ready. host is the daemon's
// address, e.g. unix:///var/run/docker.sock; if it is empty, the environment
// decides.
func open(host string, o hosts.Options) (*containers, error) {
	opts := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if host != "" {
		opts = append(opts, client.WithHost(host))
	}
	cli, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	say := o.Progress
	if say == nil {
		say = func(string) {}
	}
	return &containers{cli: cli, enter: o.Enter, say: say, images: map[string]string{}, builtin: sync.OnceValues(newBuiltin)}, nil
}

// Labels are a container's marks. A container has those of its image, too, which may be
// anybody's or made from one of our containers: it is ours only under its labelName, which
// those made by earlier versions lack.
const (
	labelLab  = "pseudowan.lab"
	labelNode = "pseudowan.node"
	labelName = "pseudowan.name" // the container's own name
	labelSpec = "pseudowan.spec" // digest of what cannot be changed in place
)

// marks returns the labels of a host's container.
func marks(spec hosts.Spec) map[string]string {
	return map[string]string{labelLab: spec.Lab, labelNode: spec.Node, labelName: spec.Name}
}

// copied reports whether the labels of a container were made for another one.
func copied(name string, labels map[string]string) bool {
	return labels[labelName] != "" && labels[labelName] != strings.TrimPrefix(name, "/")
}

// Unknown implements Containers.
func (d *containers) Unknown() error {
	return fmt.Errorf("the Docker daemon at %s does not have them; set DOCKER_HOST to the one that does", d.cli.DaemonHost())
}

// Name implements Runtime.
func (d *containers) Name() string { return runtimeName }

// Ready implements Runtime. The daemon must be on this server: the wires of a
// lab end in the namespaces of its containers.
func (d *containers) Ready(ctx context.Context) error {
	if _, err := d.cli.Ping(ctx); err != nil {
		return d.noAnswer(err) // nor does a daemon that hangs
	}
	socket, local := strings.CutPrefix(d.cli.DaemonHost(), "unix://")
	if local {
		pid, err := listener(ctx, socket)
		if err != nil {
			return err
		}
		local = pid != 0
	}
	if !local {
		return fmt.Errorf("the Docker daemon at %s is not on this server, or not in its process namespace", d.cli.DaemonHost())
	}
	return nil
}

// listener returns the process that listens on a socket, or 0 if it is not in
// this process namespace.
func listener(ctx context.Context, socket string) (pid int, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	var peerErr error
	err = raw.Control(func(fd uintptr) { peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(err, peerErr); err != nil {
		return 0, err
	}
	return int(peer.Pid), nil
}

// explain adds the remedy to the error of a stopped daemon.
func (d *containers) explain(err error) error {
	if err == nil || !client.IsErrConnectionFailed(err) {
		return err
	}
	return d.noAnswer(err)
}

func (d *containers) noAnswer(err error) error {
	return fmt.Errorf("no Docker daemon answers at %s; start it (systemctl start docker): %w", d.cli.DaemonHost(), err)
}

// Ensure implements Runtime. A container with another image, command,
// environment or files is replaced; a stopped one is started.
func (d *containers) Ensure(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
	box, err := d.ensure(ctx, spec)
	if err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, d.explain(err))
	}
	return box, nil
}

// inspect finds the container of a mark by its name, or returns nil if there is
// none. Somebody else's container is an error that wraps ErrForeign.
func (d *containers) inspect(ctx context.Context, name string, m hosts.Mark) (*container.InspectResponse, error) {
	c, err := d.look(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := foreignContainer(name, c.Config.Labels, m); err != nil {
		return nil, err
	}
	return &c, nil
}

// List implements Runtime.
func (d *containers) List(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	label := labelLab
	if lab != "" {
		label += "=" + lab
	}
	list, err := d.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", d.explain(err))
	}
	var boxes []hosts.Sandbox
	for _, summary := range list {
		c, err := d.look(ctx, summary.ID)
		if errdefs.IsNotFound(err) {
			continue // it has just been removed
		}
		if err != nil {
			return nil, fmt.Errorf("list containers: %w", d.explain(err))
		}
		if isHost(c) {
			boxes = append(boxes, sandboxOf(c))
		}
	}
	slices.SortFunc(boxes, func(a, b hosts.Sandbox) int { return strings.Compare(a.Name, b.Name) })
	return boxes, nil
}

// Remove implements Runtime.
func (d *containers) Remove(ctx context.Context, s hosts.Sandbox) error {
	c, err := d.inspect(ctx, s.Name, s.Mark())
	if err == nil && c != nil {
		err = d.remove(ctx, c.ID)
	}
	if err == nil {
		err = d.RemoveKept(ctx, s.Lab, s.Node)
	}
	if err != nil {
		return fmt.Errorf("host %s: %w", s.Node, d.explain(err))
	}
	return nil
}

// remove returns when the container is gone, even if somebody else removes it.
func (d *containers) remove(ctx context.Context, id string) error {
	err := d.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		done, failed := d.cli.ContainerWait(ctx, id, container.WaitConditionRemoved)
		select {
		case <-done:
			return nil
		case err = <-failed:
		}
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// Command implements Runtime: this program again, linking its standard streams
// to the command inside.
func (d *containers) Command(ctx context.Context, s hosts.Sandbox, e hosts.Exec) (*exec.Cmd, error) {
	if len(e.Argv) == 0 {
		return nil, fmt.Errorf("host %s: no command", s.Node)
	}
	link := execLink{host: d.cli.DaemonHost(), container: s.Name, tty: e.TTY, dir: e.Dir, env: e.Env}
	argv := slices.Concat(d.enter, link.args(), e.Argv)
	return exec.CommandContext(ctx, argv[0], argv[1:]...), nil
}
