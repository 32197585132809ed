package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pseudowan/hosts/impair"
	"pseudowan/labs/build"
	"pseudowan/labs/injection"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/status"
)

// LinkAction is what Link does.
type LinkAction string

// The actions.
const (
	LinkDown   LinkAction = "down"
	LinkUp     LinkAction = "up"
	LinkImpair LinkAction = "impair"
)

// LinkOptions select a link and what happens to it.
type LinkOptions struct {
	Lab    string // "": the only one
	Link   string // NODE:INTERFACE, or a segment
	Action LinkAction
	Impair impair.Impairment // with LinkImpair
	By     string            // who asks, for events; "": the user of this process
}

// LinkReport is what Link has done.
type LinkReport struct {
	Lab    string   `json:"lab"`
	Links  []string `json:"links"`  // cables, by their ends
	Means  []string `json:"means"`  // of an impairment: parts of the kernel
	Held   []string `json:"held"`   // ends that stay down, because their routers are cut off from the core
	Before string   `json:"before"` // what became of what was done to a node and interrupted; "" if nothing was
}

// check refuses what no link can be asked for.
func (o LinkOptions) check() error {
	given := o.Impair != impair.Impairment{}
	switch {
	case o.Action == LinkImpair && given:
		return o.Impair.Check()
	case o.Action == LinkImpair:
		return errors.New("an impairment needs a loss, a delay or a rate")
	case o.Action != LinkDown && o.Action != LinkUp:
		return fmt.Errorf("%q is not down, up or impair", string(o.Action))
	case given:
		return fmt.Errorf("a link that is set %s has no loss, delay or rate", o.Action)
	}
	return nil
}

// holdRunning picks a running lab, "" for the only one, and keeps other commands from
// changing it until the lock is released. It completes what was done to a node when that
// was interrupted, and returns what became of it; "" if nothing was.
func holdRunning(ctx context.Context, name string) (lab string, held *store.Lock, before string, err error) {
	if err := inventory.NeedRoot(); err != nil {
		return "", nil, "", err
	}
	if lab, err = inventory.Pick(ctx, name); err != nil {
		return "", nil, "", err
	}
	if held, err = store.Acquire(ctx, lab); err != nil {
		return lab, nil, "", err
	}
	if before, err = settlePower(ctx, lab); err != nil {
		held.Release()
	}
	return lab, held, before, err
}

// Link cuts a link of a running lab, impairs it, or restores it. What it has done is
// undone by up, and gone with down.
func Link(ctx context.Context, o LinkOptions) (LinkReport, error) {
	if err := o.check(); err != nil {
		return LinkReport{}, fmt.Errorf("link %s: %w", o.Link, err)
	}
	lab, held, before, err := holdRunning(ctx, o.Lab)
	if err != nil {
		return LinkReport{}, err
	}
	defer held.Release()
	report := LinkReport{Lab: lab, Links: []string{}, Means: []string{}, Held: []string{}, Before: before}
	f, err := newFaults(ctx, lab)
	if err != nil {
		return report, err
	}
	cables, err := f.plan.Cables(o.Link)
	if err != nil {
		return report, status.NotFound(err.Error())
	}
	for _, c := range cables {
		if err := f.fits(c, o.Action); err != nil {
			return report, fmt.Errorf("link %s: %w", c, err)
		}
	}
	for _, c := range cables {
		if err := f.act(ctx, c, o); err != nil {
			return report, fmt.Errorf("link %s: %w%s", c, err, soFar(report.Links, o.Action))
		}
		report.Links = append(report.Links, c.String())
		report.Held = append(report.Held, f.held(ctx, c)...)
	}
	store.NoteCommand(lab, o.By, fmt.Sprintf("link %s %s", o.Link, o.Action))
	if i := f.index(cables[0]); i >= 0 && o.Action == LinkImpair {
		report.Means = f.list[i].Means
	}
	return report, nil
}

// soFar says what was done before something failed.
func soFar(links []string, action LinkAction) string {
	if len(links) == 0 {
		return ""
	}
	return fmt.Sprintf("; before that, %s: %s", action, strings.Join(links, ", "))
}

// faults are the faults of a running lab.
type faults struct {
	plan  plan.Plan
	build *build.Builder
	list  []store.Fault
}

func newFaults(ctx context.Context, lab string) (*faults, error) {
	applied, err := store.Applied(lab)
	if err != nil {
		return nil, fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", lab, err)
	}
	found, err := inventory.Of(ctx, lab, nil)
	if err != nil {
		return nil, err
	}
	f := &faults{plan: applied}
	f.build = build.New(&f.plan, nil)
	for _, s := range found.Hosts {
		if s.Running() {
			f.build.Place(s.Node, s.NetNS)
		}
	}
	f.list, err = store.Faults(lab)
	return f, err
}

// at returns the interface at an end.
func (f *faults) at(e plan.End) impair.Interface {
	return impair.Interface{Namespace: f.build.Path(e.Node), Name: e.Interface, Held: config.TrackedGroup}
}

func (f *faults) byXDP(c plan.Cable) bool {
	return slices.ContainsFunc(c.Ends, func(e plan.End) bool { return f.plan.ByXDP(e.Node, e.Interface) })
}

func (f *faults) index(c plan.Cable) int {
	return slices.IndexFunc(f.list, func(x store.Fault) bool { return x.Cable.Is(c) })
}

// fits refuses what a cable cannot suffer.
func (f *faults) fits(c plan.Cable, action LinkAction) error {
	switch {
	case action == LinkImpair && len(c.Impair) == 0:
		return &StateError{"a NIC of the server is not impaired, for what it sends leaves the server; set it down, or impair a wire of the lab"}
	case action == LinkImpair && f.byXDP(c):
		return &StateError{"its ports are of type afxdp, and what they send passes no queue that could lose or delay it; set it down, or remove port-type from the link"}
	}
	return nil
}

// act does to one cable what is asked for.
func (f *faults) act(ctx context.Context, c plan.Cable, o LinkOptions) error {
	if o.Action == LinkUp {
		return f.restore(ctx, c)
	}
	i := f.index(c)
	if i < 0 {
		f.list, i = append(f.list, store.Fault{Cable: c}), len(f.list)
	}
	before, fault := f.list[i], &f.list[i]
	if o.Action == LinkDown {
		fault.Down, fault.Cable.Down = true, c.Down
	} else {
		fault.Loss, fault.Delay, fault.Rate, fault.Cable.Impair = o.Impair.Loss, o.Impair.Delay, o.Impair.Rate, c.Impair
	}
	// Recorded first: what is done is then undone, whenever this process ends.
	if err := store.SetFaults(f.plan.Lab, f.list); err != nil {
		return err
	}
	if o.Action == LinkDown {
		return impair.SetUp(f.at(c.Down), false)
	}
	for _, e := range c.Impair {
		by, err := impair.Apply(ctx, f.at(e), o.Impair)
		if errors.Is(err, impair.ErrNoDelay) || errors.Is(err, impair.ErrForeign) {
			err = &StateError{err.Error()}
		}
		if err != nil {
			return errors.Join(err, f.impairAsBefore(ctx, c, before))
		}
		fault.Means = nil
		for _, m := range by {
			fault.Means = append(fault.Means, string(m))
		}
	}
	return store.SetFaults(f.plan.Lab, f.list)
}

// impairAsBefore gives a cable the impairment back that it had before one that failed; it
// stays down if it was.
func (f *faults) impairAsBefore(ctx context.Context, c plan.Cable, before store.Fault) error {
	impaired := before.Loss > 0 || before.Delay > 0 || before.Rate > 0
	var errs []error
	for _, e := range c.Impair {
		if impaired {
			_, err := impair.Apply(ctx, f.at(e), impair.Impairment{Loss: before.Loss, Delay: before.Delay, Rate: before.Rate})
			errs = append(errs, err)
		} else {
			errs = append(errs, impair.Clear(ctx, f.at(e)))
		}
	}
	i := f.index(c)
	if f.list[i] = before; !impaired && !before.Down {
		f.list = slices.Delete(f.list, i, i+1)
	}
	return errors.Join(append(errs, store.SetFaults(f.plan.Lab, f.list))...)
}

// forgetInjections ends the speakers that inject has added; what is left of them is removed
// with what the plan has not.
func (a *applier) forgetInjections(ctx context.Context) error {
	removed, err := injection.Forget(ctx, a.plan.Lab)
	a.changed = append(a.changed, removed...)
	return err
}
