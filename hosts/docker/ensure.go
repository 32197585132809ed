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
	daemonPoll     = 20 * time.Millisecond // between two looks at what the daemon is about
	daemonPatience = 30 * time.Second      // how long it may be about it
)

// ensure makes the container, or starts the one that is there. What a killed
// command has asked the daemon for may still be under way: a container that has
// its name and cannot be seen yet is waited for, one that is being removed too.
func (d *Runtime) ensure(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
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
		// Most often there is none: whether there is one is asked only then.
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

// leaving reports whether a container is being removed, or could not be.
func leaving(c *container.InspectResponse) bool {
	return c.State.Dead || c.State.Status == container.StateRemoving
}

// unhurried outlives ctx by as long as the daemon may take: it carries out a
// request that is given up all the same, and nobody would know what it made.
func unhurried(ctx context.Context) (context.Context, context.CancelFunc) {
	long, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(daemonPatience, cancel) })
	return long, func() { stop(); cancel() }
}

func (d *Runtime) create(ctx context.Context, plan container.CreateRequest, name string) (id string, err error) {
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

// revive makes an existing container run. One that has never run may lack its
// files.
func (d *Runtime) revive(ctx context.Context, c container.InspectResponse, spec hosts.Spec) (hosts.Sandbox, error) {
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

// fillNew is fill for a container that does not stay where that fails.
func (d *Runtime) fillNew(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
	box, err := d.fill(ctx, id, spec)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return hosts.Sandbox{}, errors.Join(err, d.remove(context.WithoutCancel(ctx), id))
	}
	return box, nil
}

// fill brings a container its files before it starts.
func (d *Runtime) fill(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
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
func (d *Runtime) furnish(ctx context.Context, id string, spec hosts.Spec) (hosts.Sandbox, error) {
	if err := d.cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return hosts.Sandbox{}, fmt.Errorf("start container %s: %w", spec.Name, err)
	}
	c, err := d.look(ctx, id)
	if err != nil {
		return hosts.Sandbox{}, err
	}
	return d.settle(ctx, c, spec)
}

// settle sets what Docker does not in a container that has been started. One
// that has ended meanwhile is returned as such, whenever it did.
func (d *Runtime) settle(ctx context.Context, c container.InspectResponse, spec hosts.Spec) (hosts.Sandbox, error) {
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

// writeContainerFiles writes what Docker mounts into the container, in place.
func writeContainerFiles(c container.InspectResponse, spec hosts.Spec) error {
	return errors.Join(
		hosts.WriteInPlace(c.HostsPath, hosts.HostsFile(spec.Hosts)),
		hosts.WriteInPlace(c.ResolvConfPath, nil),
	)
}

// look inspects a container. One whose process has ended, which the daemon is
// about to notice, is looked at again.
func (d *Runtime) look(ctx context.Context, name string) (container.InspectResponse, error) {
	const notice = 2 * time.Second
	for deadline := time.Now().Add(notice); ; time.Sleep(daemonPoll) {
		c, err := d.cli.ContainerInspect(ctx, name)
		if err != nil || !c.State.Running || hasNetwork(c) || time.Now().After(deadline) {
			return c, err
		}
	}
}

func netnsOf(c container.InspectResponse) string { return fmt.Sprintf("/proc/%d/ns/net", c.State.Pid) }

// hasNetwork reports whether the process is there that the daemon names as a
// container's first. Its number may be another's by now, whose network never is
// a container's where it is the server's.
func hasNetwork(c container.InspectResponse) bool { return hosts.IsOtherNetwork(netnsOf(c)) }

// hasStarted reports whether a container has run at all.
func hasStarted(c container.InspectResponse) bool {
	at, err := time.Parse(time.RFC3339Nano, c.State.StartedAt)
	return err == nil && !at.IsZero()
}

func sandboxOf(c container.InspectResponse) hosts.Sandbox {
	box := hosts.Sandbox{
		Runtime: Name, Lab: c.Config.Labels[labelLab], Node: c.Config.Labels[labelNode],
		Name: strings.TrimPrefix(c.Name, "/"),
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
