package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// traces are what of a lab can be found beside its named namespaces and its
// hosts.
type traces struct {
	lab       string
	leftovers []hosts.Namespace // names that no namespace has any more
	lost      []hosts.Lost      // namespaces whose name was deleted
	pids      []int             // the lab's own processes and those of its hosts
	owns      func(pid int) bool
}

func (t traces) empty() bool { return len(t.leftovers)+len(t.lost)+len(t.pids) == 0 }

func findTraces(lab string) (traces, error) {
	tenants := homes.Tenants()
	t := traces{lab: lab, owns: func(pid int) bool { return tenants.Has(pid, lab, "") || ownProcess(pid) == lab }}
	left, err := hosts.Leftovers()
	if err != nil {
		return t, err
	}
	lost, err := tenants.LostNamespaces()
	if err != nil {
		return t, err
	}
	t.leftovers = slices.DeleteFunc(left, func(n hosts.Namespace) bool { return n.Mark.Lab != lab })
	t.lost = slices.DeleteFunc(lost, func(l hosts.Lost) bool { return l.Mark.Lab != lab })
	t.pids, err = hosts.ProcessesWhere(t.owns)
	return t, err
}

// labsWithoutNames lists the labs that have no named namespace, and processes or
// names that are left.
func labsWithoutNames() ([]string, error) {
	left, err := hosts.Leftovers()
	if err != nil {
		return nil, err
	}
	lost, err := homes.Tenants().LostNamespaces()
	if err != nil {
		return nil, err
	}
	var labs []string
	for _, n := range left {
		labs = append(labs, n.Mark.Lab)
	}
	for _, l := range lost {
		labs = append(labs, l.Mark.Lab)
	}
	slices.Sort(labs)
	return slices.Compact(labs), nil
}

// remains is everything of a lab that a teardown has to remove.
type remains struct {
	observed
	traces
	vacant []string // empty files that have a name of the lab's plan
}

func findRemains(ctx context.Context, lab string) (r remains, err error) {
	if r.observed, err = observe(ctx, lab, silent{}); err != nil {
		return r, err
	}
	if r.traces, err = findTraces(lab); err != nil {
		return r, err
	}
	// An empty file has no mark. It is the lab's where the lab has made something
	// of that name: whoever deletes and makes namespaces by hand leaves it.
	if plan, err := store.Applied(lab); err == nil {
		r.vacant = slices.DeleteFunc(plan.NamespaceNames(), func(name string) bool { return !hosts.IsVacant(name) })
	}
	return r, nil
}

func (r remains) none() bool { return r.observed.empty() && r.traces.empty() && len(r.vacant) == 0 }

// describe lists what is left, for a message; "" where nothing is.
func (r remains) describe() string {
	var what []string
	for _, list := range [][]hosts.Namespace{r.namespaces, r.leftovers} {
		for _, n := range list {
			what = append(what, "network namespace "+n.Name)
		}
	}
	for _, l := range r.lost {
		what = append(what, fmt.Sprintf("a network namespace without a name (%s)", l.Mark))
	}
	for _, s := range r.hosts {
		what = append(what, "host "+s.Node+" ("+s.Name+")")
	}
	for _, pid := range r.pids {
		what = append(what, "process "+strconv.Itoa(pid))
	}
	what = append(what, r.vacant...)
	const shown = 10
	if more := len(what) - shown; more > 0 {
		what = append(what[:shown], fmt.Sprintf("%d more", more))
	}
	return strings.Join(what, ", ")
}

// remove ends and removes what is there now.
func (r remains) remove(ctx context.Context) error {
	errs := []error{r.recoverAll()}
	// The daemon takes its time to remove containers: routers end meanwhile.
	container := func(s hosts.Sandbox) bool { return r.holdsContainers(s.Runtime) }
	containers := make(chan error, 1)
	go func() { containers <- r.removeHosts(ctx, container) }()
	err := r.endAll(ctx)
	errs = append(errs, <-containers)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, ns := range r.namespacesBy(hosts.KindRouter) {
		errs = append(errs, hosts.ReturnNICs(ns, store.StateDir(r.lab)))
	}
	errs = append(errs, r.removeHosts(ctx, func(s hosts.Sandbox) bool { return !container(s) }))
	for _, ns := range slices.Concat(r.namespaces, r.leftovers) {
		errs = append(errs, ns.Delete())
	}
	for _, name := range r.vacant {
		errs = append(errs, hosts.RemoveVacant(name))
	}
	return errors.Join(errs...)
}

// recoverAll gives the namespaces that have lost their names some name, so that
// they are removed like the others, and a router's NICs return to the server.
func (r *remains) recoverAll() error {
	var errs []error
	for _, l := range r.lost {
		ns, err := l.Recover(freeName(namespaceOf(l.Mark)))
		if errors.Is(err, os.ErrNotExist) {
			continue // it has gone
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.namespaces = append(r.namespaces, ns)
	}
	return errors.Join(errs...)
}

// freeName is name, or one like it where that is taken.
func freeName(name string) string {
	free := name
	for i := 2; ; i++ {
		if nameIsUnused(free) {
			return free
		}
		free = name + "~" + strconv.Itoa(i)
	}
}

// nameIsUnused reports whether a namespace's name is free. An empty file is
// nothing.
func nameIsUnused(name string) bool {
	_, err := os.Lstat(hosts.Namespace{Name: name}.Path())
	return err != nil || hosts.IsVacant(name)
}

// namespaceOf names the namespace of a mark as plans do.
func namespaceOf(m hosts.Mark) string {
	if m.Kind == hosts.KindLab {
		return plan.LabNamespace(m.Lab)
	}
	return plan.NodeNamespace(m.Lab, m.Node)
}

// endAll ends the keeper, which would start agents again, and then the rest.
func (r remains) endAll(ctx context.Context) error {
	keeper := func(pid int) bool { return processIs(pid, keeperArgs(r.lab)) }
	if err := hosts.EndProcessesAnd(ctx, r.namespacesBy(hosts.KindLab), keeper, endGrace); err != nil {
		return fmt.Errorf("the keeper: %w", err)
	}
	return hosts.EndProcessesAnd(ctx, r.namespaces, r.owns, endGrace)
}

// recoverNames gives the lab's namespaces that have lost their names these
// names back, where nothing else has them now, and removes names that have no
// namespace. It returns what it has recovered.
func recoverNames(lab string) ([]hosts.Namespace, error) {
	found, err := findTraces(lab)
	if err != nil {
		return nil, err
	}
	for _, n := range found.leftovers {
		if err := n.Delete(); err != nil {
			return nil, err
		}
	}
	var recovered []hosts.Namespace
	for _, l := range found.lost {
		name := namespaceOf(l.Mark)
		if !nameIsUnused(name) || l.Mark.Kind == hosts.KindPort {
			continue
		}
		ns, err := l.Recover(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return recovered, err
		}
		recovered = append(recovered, ns)
	}
	return recovered, nil
}
