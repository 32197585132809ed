package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pseudowan/hosts/impair"
	"pseudowan/labs/build"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
)

// again does to links at the selected nodes once more what is recorded: whoever made their
// wires, or configured a node, has set them up, or brought them anew.
func (f *faults) again(ctx context.Context, selected func(node string) bool) error {
	var errs []error
	for _, x := range f.list {
		if !slices.ContainsFunc(x.Cable.Ends, func(e plan.End) bool { return selected(e.Node) }) {
			continue
		}
		if err := f.repeat(ctx, x); err != nil {
			errs = append(errs, fmt.Errorf("link %s: %w", x.Cable, err))
		}
	}
	return errors.Join(errs...)
}

// repeat does one fault again, where it is no more.
func (f *faults) repeat(ctx context.Context, x store.Fault) error {
	var errs []error
	if x.Down {
		errs = append(errs, impair.SetUp(f.at(x.Cable.Down), false))
	}
	for _, e := range x.Cable.Impair {
		if x.Loss == 0 && x.Delay == 0 && x.Rate == 0 {
			break
		}
		state, err := impair.Look(ctx, f.at(e))
		if err == nil && !state.Impaired {
			_, err = impair.Apply(ctx, f.at(e), impair.Impairment{Loss: x.Loss, Delay: x.Delay, Rate: x.Rate})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// present are the faults of cables that a plan has.
func present(list []store.Fault, p *plan.Plan) []store.Fault {
	return slices.DeleteFunc(slices.Clone(list), func(x store.Fault) bool { return !p.HasCable(x.Cable) })
}

// keepFaults leaves the links that a run-time change concerns as they were: cut or
// impaired.
func (a *applier) keepFaults(ctx context.Context) error {
	if a.scope == nil {
		return nil // all were undone
	}
	list, err := store.Faults(a.plan.Lab)
	if err != nil || len(list) == 0 {
		return err
	}
	f := &faults{plan: *a.plan, build: a.build, list: present(list, a.plan)}
	return f.again(ctx, a.scope.host)
}

// forgetGone forgets what was done to links that have gone, whose names others may get,
// and does the rest again.
func (a *applier) forgetGone(ctx context.Context) error {
	list, err := store.Faults(a.plan.Lab)
	if err != nil {
		return err
	}
	if left := present(list, a.plan); len(left) < len(list) {
		if err := store.SetFaults(a.plan.Lab, left); err != nil {
			return err
		}
	}
	return a.keepFaults(ctx)
}

// keepRouterFaults does the same for a router that has been started. Its switch sets up
// what it opens, and has done so when the agent has applied its configuration.
func (p *power) keepRouterFaults(ctx context.Context) error {
	list, err := store.Faults(p.lab)
	if err != nil || !slices.ContainsFunc(p.interfaces(), func(name string) bool { return store.CutAt(list, p.name, name) }) {
		return err
	}
	cfg, err := store.RouterConfig(p.lab, p.name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, handOverPatience, errors.New("its agent has not applied the configuration in time"))
	defer cancel()
	c := router.NewClient(p.name, store.AgentSocket(p.lab, p.name))
	defer c.Close()
	if err := build.HandOver(ctx, c, cfg); err != nil {
		return err
	}
	return p.keepFaults(ctx)
}

// keepFaults does the same for a node that has been started.
func (p *power) keepFaults(ctx context.Context) error {
	list, err := store.Faults(p.lab)
	if err != nil {
		return err
	}
	f := &faults{plan: p.plan, build: p.build, list: list}
	return f.again(ctx, func(node string) bool { return node == p.name })
}
