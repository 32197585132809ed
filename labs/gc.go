package labs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// Collect lists what has the mark of a lab, of any version of the program, and belongs to
// no lab; with remove, it is removed. Without a mark, nothing is touched. A lab that a
// command is changing is left alone, and so are the numbers and the kept files of a lab
// that up can bring back, as after a reboot.
func Collect(ctx context.Context, remove bool, p Progress) ([]status.Orphan, error) {
	if err := inventory.NeedRoot(); err != nil {
		return nil, err
	}
	names, err := marked(ctx)
	if err != nil {
		return nil, err
	}
	all := []status.Orphan{}
	var errs []error
	for _, lab := range names {
		p.Step("looking at lab " + lab)
		found, err := collect(ctx, lab, remove)
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// marked lists the labs of which there is anything.
func marked(ctx context.Context) ([]string, error) {
	names, err1 := inventory.Names(ctx)
	nameless, err2 := inventory.LabsWithoutNames()
	runtimes := inventory.FindRuntimes(ctx, nil)
	boxes, err3 := runtimes.Sandboxes(ctx, "")
	copies, err4 := runtimes.Doubtful(ctx, "")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	for _, s := range slices.Concat(boxes, copies) {
		names = append(names, s.Lab)
	}
	return labNames(slices.Concat(names, nameless, store.Labs())), nil
}

// labNames sorts what marks name, without what cannot be a lab.
func labNames(names []string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return !store.IsName(name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// collect looks at one lab.
func collect(ctx context.Context, lab string, remove bool) ([]status.Orphan, error) {
	held, err := store.TryAcquire(lab)
	if errors.Is(err, store.ErrBusy) {
		return nil, nil // a command changes it
	}
	if err != nil {
		return nil, err
	}
	defer held.Release()
	left, err := findRemains(ctx, lab)
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", lab, err)
	}
	copies, err := left.Doubtful(ctx, lab)
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", lab, err)
	}
	all := copiesOf(lab, copies)
	why := fateOf(lab, left).forsaken()
	if why == "" {
		more, err := strays(ctx, lab, left, remove)
		return append(all, more...), err
	}
	old := slices.ContainsFunc(left.Hosts, func(s hosts.Sandbox) bool { return s.Unsure })
	if old { // never by their labels alone
		why += "; it has containers of an earlier version, and is removed with: pseudowan down " + lab
	}
	lost := orphansOf(lab, left, why)
	if remove && !old {
		if err = finishRemoval(ctx, lab); err == nil {
			for i := range lost {
				lost[i].Removed = true
			}
		}
	}
	return append(lost, all...), err
}

// copiesOf lists containers that only look like hosts of a lab. They are never removed.
func copiesOf(lab string, copies []hosts.Sandbox) (all []status.Orphan) {
	for _, s := range copies {
		all = append(all, status.Orphan{
			Lab: lab, What: fmt.Sprintf("host %s (%s, %s)", s.Node, s.Runtime, s.Name),
			Why: "it was made by an earlier version, or from an image with the lab's labels; if nobody needs it, remove it with: docker rm -f " + s.Name,
		})
	}
	return all
}

// fate is what decides whether a lab as a whole belongs to somebody.
type fate struct {
	goingDown bool
	unknown   bool // there is no plan: not one that cannot be read, as after a full disk
	running   bool
	kept      bool // its hosts have kept something, which the next up gives back
	unnamed   bool // its namespaces were removed, not their names
}

func fateOf(lab string, left remains) fate {
	_, err := store.Applied(lab)
	return fate{
		goingDown: store.GoingDown(lab),
		unknown:   errors.Is(err, fs.ErrNotExist),
		running:   inventory.FindProcesses().Keeper(lab) != 0,
		kept:      store.HasKept(lab) || store.IsKeptAside(lab),
		unnamed:   len(left.ByKind(hosts.KindLab)) == 0 && len(left.Leftovers) > 0,
	}
}

// forsaken returns why the lab belongs to nobody; "" if it does not.
func (f fate) forsaken() string {
	switch {
	case f.goingDown: // what is kept nevertheless is in its place: see finishRemoval
		return "its removal was interrupted"
	case f.running || f.kept:
		return ""
	case f.unknown:
		return "nothing says what the lab should be, and nobody keeps it"
	case f.unnamed:
		return "its namespaces were removed"
	}
	return ""
}

// orphansOf lists everything of a lab.
func orphansOf(lab string, left remains, why string) (all []status.Orphan) {
	note := func(format string, args ...any) {
		all = append(all, status.Orphan{Lab: lab, What: fmt.Sprintf(format, args...), Why: why})
	}
	for _, n := range slices.Concat(left.Namespaces, left.Leftovers) {
		note("network namespace %s", n.Name)
	}
	for _, l := range left.Lost {
		note("a network namespace without a name (%s)", l.Mark)
	}
	for _, s := range left.Hosts {
		note("host %s (%s, %s)", s.Node, s.Runtime, s.Name)
	}
	for _, pid := range left.PIDs {
		note("process %d", pid)
	}
	for _, what := range slices.Concat(left.vacant, left.server) {
		note("%s", what)
	}
	for _, dir := range []string{store.RunDir(lab), store.StateDir(lab)} {
		if _, err := os.Lstat(dir); err == nil {
			note("directory %s", dir)
		}
	}
	return all
}

// strays lists what a running lab does not plan, unless a command was cut short: then up
// decides.
func strays(ctx context.Context, lab string, left remains, remove bool) ([]status.Orphan, error) {
	applied, err := store.Applied(lab)
	if err != nil || store.Changing(lab) {
		return nil, nil // it is kept, and up knows what to do
	}
	return unplanned(ctx, &applied, left, remove)
}

// unplanned lists what a plan does not have. Of a plan of another version, nobody knows.
func unplanned(ctx context.Context, applied *plan.Plan, left remains, remove bool) (all []status.Orphan, err error) {
	if !applied.Current() {
		return nil, nil
	}
	const why = "the lab's plan does not have it"
	var errs []error
	done := func(what string, do func() error) {
		o := status.Orphan{Lab: applied.Lab, What: what, Why: why}
		if remove {
			err := do()
			o.Removed, errs = err == nil, append(errs, err)
		}
		all = append(all, o)
	}
	planned := func(node string) bool {
		return slices.ContainsFunc(applied.Hosts, func(h plan.Host) bool { return h.Name == node })
	}
	for _, s := range left.Hosts {
		if !planned(s.Node) {
			done(fmt.Sprintf("host %s (%s, %s)", s.Node, s.Runtime, s.Name), func() error {
				return removeHosts(ctx, left.Inventory, func(x hosts.Sandbox) bool { return x.Node == s.Node && x.Runtime == s.Runtime })
			})
		}
	}
	known := applied.NamespaceNames()
	for _, ns := range left.Namespaces {
		if ns.Mark.Kind == hosts.KindHost || slices.Contains(known, ns.Name) {
			continue
		}
		done("network namespace "+ns.Name, func() error {
			return errors.Join(hosts.EndProcesses(ctx, []hosts.Namespace{ns}, keeper.EndGrace), hosts.ReturnNICs(ns, store.StateDir(applied.Lab)), ns.Delete())
		})
	}
	return all, errors.Join(errs...)
}
