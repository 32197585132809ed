package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"pseudowan/hosts"
)

// stopGrace is how many seconds the processes of a container may take to end.
const stopGrace = 1

// Stop implements hosts.Stopper.
func (d *containers) Stop(ctx context.Context, s hosts.Sandbox) error {
	grace := stopGrace
	return d.act(ctx, s, "stop", func(id string) error {
		return d.cli.ContainerStop(ctx, id, container.StopOptions{Timeout: &grace})
	})
}

// Pause implements hosts.Stopper.
func (d *containers) Pause(ctx context.Context, s hosts.Sandbox) error {
	if s.Paused {
		return nil
	}
	return d.act(ctx, s, "pause", func(id string) error { return d.cli.ContainerPause(ctx, id) })
}

// act does something to the container of a host.
func (d *containers) act(ctx context.Context, s hosts.Sandbox, what string, do func(id string) error) error {
	c, err := d.inspect(ctx, s.Name, s.Mark())
	if err == nil && c != nil {
		err = do(c.ID)
	}
	if err != nil {
		return fmt.Errorf("host %s: %s: %w", s.Node, what, d.explain(err))
	}
	return nil
}
