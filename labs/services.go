package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/hosts/service"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
)

// servedAtOnce limits the hosts whose services are started at once.
const servedAtOnce = 64

// services runs the services of all hosts, and ends those that are no longer wanted.
// It returns when all are ready; without wait, when all are started.
func (a *applier) services(ctx context.Context, wait bool) error {
	boxes, err := a.before.Sandboxes(ctx, a.plan.Lab)
	if err != nil {
		return err
	}
	var (
		g    errgroup.Group
		mu   sync.Mutex
		errs []error
	)
	g.SetLimit(servedAtOnce)
	for _, h := range a.plan.Hosts {
		if !a.scope.host(h.Name) {
			continue
		}
		i := slices.IndexFunc(boxes, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Runtime == h.Runtime })
		if i < 0 || !boxes[i].Running() || len(h.Services) == 0 && len(service.Records(inventory.ServicesDir(a.plan.Lab, h.Name))) == 0 {
			continue
		}
		g.Go(func() error {
			if err := a.serve(ctx, h, boxes[i], wait); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
			return nil
		})
	}
	_ = g.Wait() // all errors are in errs
	return a.serviceError(ctx, errs)
}

// serve runs the services of one host, once it has the addresses that it forms.
func (a *applier) serve(ctx context.Context, h plan.Host, box hosts.Sandbox, wait bool) error {
	on, err := a.before.Services(box)
	if err != nil {
		return err
	}
	on.Started = func(name string) { a.startedService(h.Name, name) }
	wanted := build.Services(h)
	if len(wanted) > 0 {
		a.build.AwaitAddresses(ctx, h)
	}
	return on.Run(ctx, wanted, wait)
}

// startedService reports a service that was started, unless its host is new.
func (a *applier) startedService(host, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	isNew := slices.Contains(a.changed, "added host "+host) || slices.Contains(a.changed, "restored host "+host)
	if line := "started service " + name + " of host " + host; !a.fresh && !isNew && !slices.Contains(a.changed, line) {
		a.changed = append(a.changed, line)
	}
}

// serviceError returns the error for services that have ended or are not ready.
func (a *applier) serviceError(ctx context.Context, errs []error) error {
	err := errors.Join(errs...)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return errors.Join(err, ctx.Err())
	}
	var lines []string
	for _, e := range endedServices(err) {
		line := e.Error()
		if last := inventory.Printable(string(e.Last)); len(last) > 0 {
			line += "; its last output:\n    " + strings.Join(last, "\n    ")
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return err
	}
	slices.Sort(lines)
	return &NotConvergedError{Lab: a.plan.Lab, Missing: lines}
}

// endedServices lists the services that joined errors name.
func endedServices(err error) (out []*service.EndedError) {
	switch e := err.(type) {
	case *service.EndedError:
		return []*service.EndedError{e}
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			out = append(out, endedServices(each)...)
		}
	}
	return out
}

// commandSettles is how long a host's own command must have run before the lab is up:
// a daemon that refuses its configuration needs a moment to say so.
const commandSettles = time.Second

// settleCommands returns when the own commands of hosts have run for a while, or an
// error if one has ended.
func (a *applier) settleCommands(ctx context.Context) error {
	for {
		if err := a.endedError(ctx, nil); err != nil {
			return err
		}
		boxes, err := a.before.Sandboxes(ctx, a.plan.Lab)
		if err != nil {
			return nil // the step that needs them reports why
		}
		young := slices.ContainsFunc(boxes, func(s hosts.Sandbox) bool {
			has := func(h plan.Host) bool { return h.Name == s.Node && (len(h.Command) > 0 || h.Machine != nil) }
			return s.PID != 0 && slices.ContainsFunc(a.plan.Hosts, has) && hosts.Age(s.PID) < commandSettles
		})
		if !young {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lab %s: wait for the commands of hosts: %w", a.plan.Lab, context.Cause(ctx))
		case <-time.After(endedPoll):
		}
	}
}
