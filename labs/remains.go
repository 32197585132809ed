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
	"pseudowan/hosts/server"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// remains is everything that a teardown of a lab removes.
type remains struct {
	inventory.Inventory
	inventory.Traces
	vacant []string // empty files with a name from the lab's plan
	server []string // what the server itself has of it
}

func findRemains(ctx context.Context, lab string) (r remains, err error) {
	if r.Inventory, err = inventory.Of(ctx, lab, nil); err != nil {
		return r, err
	}
	if r.Traces, err = inventory.FindTraces(lab); err != nil {
		return r, err
	}
	if r.vacant, err = vacant(lab); err != nil {
		return r, err
	}
	r.server, err = server.Left(lab)
	return r, err
}

// vacant lists the empty files that are a lab's. They have no mark, but the lab's plan has
// their names: deleting and creating namespaces by hand leaves empty files.
func vacant(lab string) ([]string, error) {
	names, err := hosts.VacantNames()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	plan, err := store.Applied(lab)
	if err != nil {
		return nil, nil // nothing is known of the lab
	}
	known := plan.Marks()
	return slices.DeleteFunc(names, func(name string) bool { _, ok := known[name]; return !ok }), nil
}

func (r remains) none() bool {
	return r.Inventory.Empty() && r.Traces.Empty() && len(r.vacant)+len(r.server) == 0
}

// describe lists what is left; "" if nothing is.
func (r remains) describe() string {
	var what []string
	for _, list := range [][]hosts.Namespace{r.Namespaces, r.Leftovers} {
		for _, n := range list {
			what = append(what, "network namespace "+n.Name)
		}
	}
	for _, l := range r.Lost {
		what = append(what, fmt.Sprintf("a network namespace without a name (%s)", l.Mark))
	}
	for _, s := range r.Hosts {
		what = append(what, "host "+s.Node+" ("+s.Name+")")
	}
	for _, pid := range r.PIDs {
		what = append(what, "process "+strconv.Itoa(pid))
	}
	what = append(append(what, r.vacant...), r.server...)
	const shown = 10
	if more := len(what) - shown; more > 0 {
		what = append(what[:shown], fmt.Sprintf("%d more", more))
	}
	return strings.Join(what, ", ")
}

// remove removes everything once.
func (r remains) remove(ctx context.Context) error {
	errs := []error{r.recoverAll()}
	// Removing containers is slow; meanwhile, routers end.
	container := func(s hosts.Sandbox) bool { return r.HoldsContainers(s.Runtime) }
	containers := make(chan error, 1)
	go func() { containers <- removeHosts(ctx, r.Inventory, container) }()
	err := r.endAll(ctx)
	errs = append(errs, <-containers)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	errs = append(errs, removeServerSide(ctx, r.Lab))
	for _, ns := range r.ByKind(hosts.KindRouter) {
		errs = append(errs, hosts.ReturnNICs(ns, store.StateDir(r.Lab)))
	}
	errs = append(errs, hosts.DeleteNamespaces(slices.Concat(r.Namespaces, r.Leftovers)))
	errs = append(errs, removeHosts(ctx, r.Inventory, func(s hosts.Sandbox) bool { return !container(s) }))
	for _, name := range r.vacant {
		errs = append(errs, hosts.RemoveVacant(name))
	}
	return errors.Join(errs...)
}

// recoverAll names the namespaces that have lost their names, so that they are
// removed like the others and NICs return from them to the server.
func (r *remains) recoverAll() error {
	var errs []error
	for _, l := range r.Lost {
		ns, err := l.Recover(freeName(plan.NamespaceOf(l.Mark)))
		if errors.Is(err, os.ErrNotExist) {
			continue // it is gone
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.Namespaces = append(r.Namespaces, ns)
	}
	return errors.Join(errs...)
}

// freeName returns name, or a similar one if name is taken.
func freeName(name string) string {
	free := name
	for i := 2; ; i++ {
		if inventory.NameIsFree(free) {
			return free
		}
		free = name + "~" + strconv.Itoa(i)
	}
}

// endAll ends the keeper, which would restart agents, and then the others.
func (r remains) endAll(ctx context.Context) error {
	isKeeper := func(pid int) bool { return inventory.ProcessIs(pid, inventory.KeeperArgs(r.Lab)) }
	// With a grace, in which it tells those who listen to its events that this is the end.
	if err := hosts.EndProcessesAnd(ctx, r.ByKind(hosts.KindLab), isKeeper, keeper.EndGrace); err != nil {
		return fmt.Errorf("end the keeper: %w", err)
	}
	if err := r.endRouters(ctx); err != nil {
		return fmt.Errorf("end the routers: %w", err)
	}
	return hosts.EndProcessesAnd(ctx, r.Namespaces, r.Owns, keeper.EndGrace)
}

// endRouters kills what runs in routers. If somebody outside is to hear of it, it ends the
// agents alone, before the switches through which they say so.
func (r remains) endRouters(ctx context.Context) error {
	routers := r.ByKind(hosts.KindRouter)
	if !r.outside() {
		return hosts.EndProcesses(ctx, routers, 0)
	}
	isAgent := func(pid int) bool {
		return slices.ContainsFunc(routers, func(ns hosts.Namespace) bool {
			return inventory.ProcessIs(pid, inventory.AgentArgs(r.Lab, ns.Mark.Node))
		})
	}
	return hosts.EndProcessesAnd(ctx, nil, isAgent, keeper.FarewellGrace)
}

// outside reports whether anything outside the lab may be a peer of its routers, and so
// is to hear that they end (RFC 4486).
func (r remains) outside() bool {
	return len(r.server) > 0 || hosts.LendsNICs(store.StateDir(r.Lab)) || slices.ContainsFunc(r.ByKind(hosts.KindLab), hosts.HasTunnels)
}
