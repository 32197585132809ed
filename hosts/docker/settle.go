package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
)

// Settle implements Containers. A container is listed only when it is complete.
func (d *containers) Settle(ctx context.Context, specs []hosts.Spec) error {
	const parallel = 8
	var (
		g    errgroup.Group
		mu   sync.Mutex
		held []string // placeholders, until all names are settled: late requests find their name taken
	)
	g.SetLimit(parallel)
	for _, s := range specs {
		g.Go(func() error {
			id, err := d.settleName(ctx, s)
			if err != nil {
				return fmt.Errorf("host %s: %w", s.Node, d.explain(err))
			}
			mu.Lock()
			defer mu.Unlock()
			held = append(held, id)
			return nil
		})
	}
	err := g.Wait()
	var free errgroup.Group
	free.SetLimit(parallel)
	for _, id := range held {
		if id != "" {
			free.Go(func() error { return d.explain(d.remove(context.WithoutCancel(ctx), id)) })
		}
	}
	return errors.Join(err, free.Wait())
}

// settleName returns when a name has a complete container, or none; then it
// returns a placeholder that holds the name. The daemon reserves a name before
// it makes the container: getting the name proves that no other request is
// pending.
func (d *containers) settleName(ctx context.Context, spec hosts.Spec) (id string, err error) {
	ref := spec.Image
	if ref == "" {
		b, err := d.builtin()
		if err != nil {
			return "", nil // then no container uses it
		}
		ref = b.ref
	}
	for deadline := time.Now().Add(daemonPatience); ; time.Sleep(daemonPoll) {
		_, err := d.cli.ContainerInspect(ctx, spec.Name)
		if !errdefs.IsNotFound(err) {
			return "", err
		}
		id, err := d.create(ctx, placeholder(spec, ref), spec.Name)
		switch {
		case errdefs.IsNotFound(err):
			return "", nil // there is no such image
		case !errdefs.IsConflict(err) || ctx.Err() != nil || time.Now().After(deadline):
			return id, err
		}
	}
}

// placeholder is a container that is never started. It has the host's mark, so
// that it is removed with the lab if this command is killed meanwhile.
func placeholder(spec hosts.Spec, image string) container.CreateRequest {
	return container.CreateRequest{
		Config: &container.Config{
			Image: image, Cmd: []string{"true"}, Labels: marks(spec),
		},
		HostConfig: &container.HostConfig{NetworkMode: "none"},
	}
}
