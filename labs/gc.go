package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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
	boxes, err3 := inventory.FindRuntimes(ctx, nil).Sandboxes(ctx, "")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	names = append(names, nameless...)
	for _, s := range boxes {
		names = append(names, s.Lab)
	}
	for _, root := range []string{store.RunRoot, store.StateRoot} {
		entries, _ := os.ReadDir(root) // there may be none
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
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
	why := forsaken(lab, left)
	if why == "" {
		return strays(ctx, lab, left, remove)
	}
	all := orphansOf(lab, left, why)
	if !remove {
		return all, nil
	}
	if err := takeDown(ctx, lab); err != nil {
		return all, err
	}
	for i := range all {
		all[i].Removed = true
	}
	return all, nil
}

// forsaken returns why a lab as a whole belongs to nobody; "" if it does not.
func forsaken(lab string, left remains) string {
	_, err := store.Applied(lab)
	running := inventory.FindProcesses().Keeper(lab) != 0
	switch {
	case store.GoingDown(lab):
		return "its removal was interrupted"
	case err != nil && !running:
		return "nothing says what the lab should be, and nobody keeps it"
	case len(left.ByKind(hosts.KindLab)) == 0 && len(left.Leftovers) > 0 && !running:
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
func strays(ctx context.Context, lab string, left remains, remove bool) (all []status.Orphan, err error) {
	applied, err := store.Applied(lab)
	if err != nil || store.Changing(lab) {
		return nil, nil // it is kept, and up knows what to do
	}
	const why = "the lab's plan does not have it"
	var errs []error
	done := func(what string, do func() error) {
		o := status.Orphan{Lab: lab, What: what, Why: why}
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
			return errors.Join(hosts.EndProcesses(ctx, []hosts.Namespace{ns}, keeper.EndGrace), hosts.ReturnNICs(ns, store.StateDir(lab)), ns.Delete())
		})
	}
	return all, errors.Join(errs...)
}
