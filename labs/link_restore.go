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
)

// restore undoes what was done to a cable, also by others: its interfaces are up.
func (f *faults) restore(ctx context.Context, c plan.Cable) error {
	i := f.index(c)
	if i < 0 {
		return f.raise(ctx, c)
	}
	if err := f.clear(ctx, f.list[i]); err != nil {
		return err
	}
	if err := f.raise(ctx, c); err != nil {
		return err
	}
	f.list = slices.Delete(f.list, i, i+1)
	if err := store.SetFaults(f.plan.Lab, f.list); err != nil {
		return err
	}
	return f.setUp(c) // what its router has let go before that, and left to the fault
}

func (f *faults) clear(ctx context.Context, x store.Fault) error {
	var errs []error
	for _, e := range x.Cable.Impair {
		if x.Loss > 0 || x.Delay > 0 || x.Rate > 0 {
			errs = append(errs, impair.Clear(ctx, f.at(e)))
		}
	}
	return errors.Join(errs...)
}

// raise sets the interfaces of a cable up, and gives hosts back what they have lost.
func (f *faults) raise(ctx context.Context, c plan.Cable) error {
	if err := f.setUp(c); err != nil {
		return err
	}
	for _, e := range c.Ends {
		i := slices.IndexFunc(f.plan.Hosts, func(h plan.Host) bool { return h.Name == e.Node })
		if i < 0 {
			continue
		}
		if err := f.build.Configure(ctx, f.plan.Hosts[i]); err != nil {
			return err
		}
	}
	return nil
}

// setUp sets the interfaces of a cable up, but for those that a router keeps down because it is
// cut off from the core.
func (f *faults) setUp(c plan.Cable) error {
	for _, e := range append(slices.Clone(c.Ends), c.Down) {
		if err := impair.SetUp(f.at(e), true); err != nil {
			return fmt.Errorf("interface %s: %w", e.Interface, err)
		}
	}
	return nil
}

// held lists the ends of a cable that a router keeps down because it is cut off from the core.
func (f *faults) held(ctx context.Context, c plan.Cable) (list []string) {
	for _, e := range c.Ends {
		if s, err := impair.Look(ctx, f.at(e)); err == nil && s.Held {
			list = append(list, e.Node+":"+e.Interface)
		}
	}
	return list
}

// undoFaults takes all faults of a lab back before up makes its links as planned.
func (a *applier) undoFaults(ctx context.Context) error {
	a.undoHalts()
	list, err := store.Faults(a.plan.Lab)
	if err != nil {
		a.changed = append(a.changed, "replaced the damaged list of faults")
		return store.SetFaults(a.plan.Lab, nil)
	}
	if len(list) == 0 {
		return nil
	}
	f := &faults{plan: plan.Plan{Lab: a.plan.Lab, Namespace: a.plan.Namespace}, build: build.New(&plan.Plan{Lab: a.plan.Lab, Namespace: a.plan.Namespace}, nil)}
	for _, s := range a.before.Hosts {
		if s.Running() {
			f.build.Place(s.Node, s.NetNS)
		}
	}
	for _, x := range list {
		if err := f.clear(ctx, x); err != nil {
			return err
		}
		if x.Down { // wires are set up by those who make them, which also says so
			_ = impair.SetUp(f.at(x.Cable.Down), true) // it may have gone
		}
		a.changed = append(a.changed, "undid the fault of link "+x.Cable.String())
	}
	return store.SetFaults(a.plan.Lab, nil)
}
