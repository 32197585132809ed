package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"pseudowan/hosts"
)

// Pauses between attempts to reach a daemon.
const (
	watchPause    = 100 * time.Millisecond
	maxWatchPause = 5 * time.Second
)

// Watch implements Containers. While the daemon is down it keeps trying, and
// then reports all running containers again.
func (d *containers) Watch(ctx context.Context, lab string, started func(node string)) {
	pause := watchPause
	for ctx.Err() == nil {
		begun := time.Now()
		d.watch(ctx, lab, started)
		if time.Since(begun) > maxWatchPause {
			pause = watchPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxWatchPause)
	}
}

// watch returns when the daemon's stream of events ends.
func (d *containers) watch(ctx context.Context, lab string, started func(node string)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The stream opens before the containers are listed, so that none is
	// missed.
	messages, failed := d.cli.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)),
		filters.Arg("event", string(events.ActionStart)),
		filters.Arg("label", labelLab+"="+lab),
	)})
	boxes, err := d.List(ctx, lab)
	if err != nil {
		return
	}
	for _, box := range boxes {
		if box.Running() {
			started(box.Node)
		}
	}
	for {
		select {
		case m := <-messages:
			if a := m.Actor.Attributes; !copied(a["name"], a) {
				started(a[labelNode])
			}
		case <-failed:
			return
		}
	}
}

// Refurnish implements Containers.
func (d *containers) Refurnish(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
	c, err := d.inspect(ctx, spec.Name, spec.Mark())
	if err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, d.explain(err))
	}
	if c == nil || !c.State.Running {
		return hosts.Sandbox{}, nil
	}
	box, err := d.settle(ctx, *c, spec)
	if err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	return box, nil
}
