package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"pseudowan/hosts"
)

const (
	daemonPoll     = 20 * time.Millisecond // between two questions to the daemon
	daemonPatience = 30 * time.Second      // how long a request may take
)

// ensure makes the container, or starts an existing one. Requests of a killed
// command may still be in progress: it waits for a container that has the name
// but cannot be seen yet, and for one that is being removed.
func (d *containers) ensure(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
	m := spec.Mark()
	if err := m.Check(); err != nil {
		return hosts.Sandbox{}, err
	}
	ref, err := d.ensureImage(ctx, spec)
	if err != nil {
		return hosts.Sandbox{}, err
	}
	plan := newContainer(spec, ref)
	for deadline := time.Now().Add(daemonPatience); ; time.Sleep(daemonPoll) {
		// Usually there is none, so creating comes before asking.
		id, err := d.create(ctx, plan, spec.Name)
		if err == nil {
			return d.fillNew(ctx, id, spec)
		}
		if !errdefs.IsConflict(err) {
			return hosts.Sandbox{}, err
		}
		found, findErr := d.inspect(ctx, spec.Name, m)
		switch {
		case findErr != nil:
			return hosts.Sandbox{}, findErr
		case found == nil:
		case found.Config.Labels[labelSpec] == plan.Labels[labelSpec] && !leaving(found):
			box, err := d.revive(ctx, *found, spec)
			if !errdefs.IsConflict(err) && !errdefs.IsNotFound(err) { // then it is being removed
				return box, err
			}
		default:
			if err := d.remove(ctx, found.ID); err != nil {
				return hosts.Sandbox{}, err
			}
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return hosts.Sandbox{}, errors.Join(ctx.Err(), err)
		}
	}
}

// leaving reports whether a container is being removed, or failed to be.
func leaving(c *container.InspectResponse) bool {
	return c.State.Dead || c.State.Status == container.StateRemoving
}

// unhurried returns a context that outlives ctx by the time that the daemon may
// take: it completes an abandoned request all the same, and nobody would know
// what it made.
func unhurried(ctx context.Context) (context.Context, context.CancelFunc) {
	long, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(daemonPatience, cancel) })
	return long, func() { stop(); cancel() }
}

func (d *containers) create(ctx context.Context, plan container.CreateRequest, name string) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	made, err := d.cli.ContainerCreate(ctx, plan.Config, plan.HostConfig, nil, nil, name)
	if err != nil {
		return "", fmt.Errorf("make container %s: %w", name, err)
	}
	return made.ID, nil
}

// revive starts an existing container. One that has never run may lack its
// files.
func (d *containers) revive(ctx context.Context, c container.InspectResponse, spec hosts.Spec) (hosts.Sandbox, error) {
	switch {
	case c.State.Paused:
		if err := d.cli.ContainerUnpause(ctx, c.ID); err != nil {
			return hosts.Sandbox{}, fmt.Errorf("unpause container %s: %w", spec.Name, err)
		}
		c.State.Paused = false
		return d.settle(ctx, c, spec)
	case c.State.Running:
		return d.settle(ctx, c, spec)
	case hasStarted(c):
		return d.furnish(ctx, c.ID, spec)
	}
	return d.fill(ctx, c.ID, spec)
}

// fillNew is fill for a new container, which it removes on failure.
func (d *containers) fillNew(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
	box, err := d.fill(ctx, id, spec)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return hosts.Sandbox{}, errors.Join(err, d.remove(context.WithoutCancel(ctx), id))
	}
	return box, nil
}

// fill copies its files into a container and starts it.
func (d *containers) fill(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
	if len(spec.Files) > 0 {
		files, err := packFiles(spec.Files)
		if err != nil {
			return hosts.Sandbox{}, err
		}
		if err := d.cli.CopyToContainer(ctx, id, "/", bytes.NewReader(files), container.CopyToContainerOptions{}); err != nil {
			return hosts.Sandbox{}, fmt.Errorf("copy files into container %s: %w", spec.Name, err)
		}
	}
	return d.furnish(ctx, id, spec)
}

// furnish starts the container and settles it.
func (d *containers) furnish(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
	if err := d.cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return hosts.Sandbox{}, fmt.Errorf("start container %s: %w", spec.Name, err)
	}
	c, err := d.look(ctx, id)
	if err != nil {
		return hosts.Sandbox{}, err
	}
	return d.settle(ctx, c, spec)
}

// settle sets what Docker does not in a started container. One that has ended
// meanwhile is returned as ended.
func (d *containers) settle(ctx context.Context, c container.InspectResponse, spec hosts.Spec) (hosts.Sandbox, error) {
	box := sandboxOf(c)
	if !box.Running() {
		return box, nil
	}
	if err := errors.Join(hosts.PrepareHost(box.NetNS), writeContainerFiles(c, spec)); err != nil {
		if again, lookErr := d.look(ctx, c.ID); lookErr == nil && !sandboxOf(again).Running() {
			return sandboxOf(again), nil
		}
		return hosts.Sandbox{}, err
	}
	return box, nil
}

// writeContainerFiles writes the files that Docker mounts into the container,
// in place.
func writeContainerFiles(c container.InspectResponse, spec hosts.Spec) error {
	return errors.Join(
		hosts.WriteInPlace(c.HostsPath, spec.FileOr("/etc/hosts", hosts.HostsFile(spec.Hosts))),
		hosts.WriteInPlace(c.ResolvConfPath, spec.FileOr("/etc/resolv.conf", nil)),
	)
}

// look inspects a container, again if its process has ended and the daemon is
// about to notice.
func (d *containers) look(ctx context.Context, name string) (container.InspectResponse, error) {
	const notice = 2 * time.Second
	for deadline := time.Now().Add(notice); ; time.Sleep(daemonPoll) {
		c, err := d.cli.ContainerInspect(ctx, name)
		if err != nil || !c.State.Running || hasNetwork(c) || time.Now().After(deadline) {
			return c, err
		}
	}
}

func netnsOf(c container.InspectResponse) string { return fmt.Sprintf("/proc/%d/ns/net", c.State.Pid) }

// hasNetwork reports whether the process that the daemon names as a container's
// first is there. Its PID may have been reused; a process in the server's
// network is never a container's.
func hasNetwork(c container.InspectResponse) bool { return hosts.IsOtherNetwork(netnsOf(c)) }

// hasStarted reports whether a container has run at all.
func hasStarted(c container.InspectResponse) bool {
	at, err := time.Parse(time.RFC3339Nano, c.State.StartedAt)
	return err == nil && !at.IsZero()
}

// isHost reports whether the labels of a container can be a host's, and its own.
func isHost(c container.InspectResponse) bool {
	return sandboxOf(c).Mark().Check() == nil && !copied(c.Name, c.Config.Labels)
}

func sandboxOf(c container.InspectResponse) hosts.Sandbox {
	box := hosts.Sandbox{
		Runtime: runtimeName, Lab: c.Config.Labels[labelLab], Node: c.Config.Labels[labelNode],
		Name: strings.TrimPrefix(c.Name, "/"), Unsure: c.Config.Labels[labelName] == "",
	}
	switch {
	case c.State.Running && hasNetwork(c):
		box.PID, box.NetNS, box.Paused = c.State.Pid, netnsOf(c), c.State.Paused
	case c.State.Running:
		box.Ended, box.ExitCode = true, hosts.UnknownExit
	case hasStarted(c):
		box.Ended, box.ExitCode = true, c.State.ExitCode
	}
	return box
}
