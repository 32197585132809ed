package labs

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"pseudowan/doctor"
	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/look"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/status"
	"pseudowan/topology"
)

// applier applies a plan.
type applier struct {
	topology    *topology.Topology
	source      []byte
	plan        *plan.Plan
	before      inventory.Inventory
	runtimeName string
	force       bool              // lend NICs that the server itself needs
	scope       *scope            // of a run-time change; nil: everything
	injected    []store.Injection // what a run-time change leaves there
	fresh       bool              // nothing of the lab existed
	kept        bool              // except for what its hosts keep, as after a reboot
	applied     plan.Plan         // of the lab as it runs
	cut         []plan.Plan       // the plans of commands interrupted since
	changed     []string
	lost        []loss   // what has ended or is gone, and is made again
	right       []string // repairs that no change explains
	progress    Progress
	times       *timeline

	build *build.Builder
	mtus  map[linkEnd]int // that lent interfaces allow
	local netip.Addr      // of tunnels to other sites

	secrets config.Secrets // of all sessions; no file of the lab but the routers' own contains them

	mu sync.Mutex // of changed and right
}

func newApplier(ctx context.Context, t *topology.Topology, source []byte, o applyOptions) (*applier, error) {
	before, err := inventory.Of(ctx, t.Name, o.progress.Step)
	if err != nil {
		return nil, err
	}
	a := &applier{
		topology: t, source: source, before: before, fresh: before.Empty(), kept: store.HasKept(t.Name), force: o.force, progress: o.progress, times: o.times, mtus: map[linkEnd]int{},
	}
	applied, cut, known := o.before(t.Name)
	names, err := lendNICs(t, append([]plan.Plan{applied}, cut...), o.nics)
	if err != nil {
		return nil, err
	}
	if a.fresh { // as after a reboot, which leaves only its numbers
		applied, known = plan.Plan{Allocations: applied.Allocations}, true
	} else {
		a.cut = cut
	}
	a.runtimeName = before.Choose(o.runtime, t.Runtime, applied.Runtime)
	if a.plan, err = plan.New(t, applied.Allocations.After(cut), a.runtimeName); err != nil {
		return nil, err
	}
	if err := a.divide(o, applied.Place); err != nil {
		return nil, err
	}
	a.plan.NICNames = names
	a.plan.Source, a.plan.Dir = origin(t.Source, o)
	a.plan.Edited = o.running != nil
	if a.secrets, err = o.secrets(t); err != nil {
		return nil, err
	}
	a.applied = applied
	a.build = build.New(a.plan, a.putRight)
	for _, p := range append(slices.Clone(a.cut), applied) {
		a.build.Supersede(&p)
	}
	if err := tagBuilds(before.Runtimes, a.plan, t.Source); err != nil {
		return nil, err
	}
	if !a.fresh {
		a.report(plan.Diff(&applied, a.plan))
		a.lost = restored(&applied, a.plan, before)
		for _, l := range a.lost {
			a.changed = append(a.changed, l.String())
		}
		for _, cut := range a.cut {
			a.report(plan.Leftovers(&cut, a.plan))
		}
	}
	if !known {
		a.changed = append(a.changed, "replaced the lab's damaged files")
	}
	return a, nil
}

// lendNICs gives the topology's NICs the names that they have on this server: those
// given now, or before.
func lendNICs(t *topology.Topology, before []plan.Plan, given map[string]string) (names map[string]string, err error) {
	for _, p := range before {
		names = plan.NICNames(t, names, p.NICNames)
	}
	names = plan.NICNames(t, names, given)
	return names, t.LendNICs(names)
}

// check refuses what cannot work, before anything is changed.
func (a *applier) check(ctx context.Context) error {
	if err := a.before.Unseen.Err(); err != nil {
		return err
	}
	for _, h := range a.plan.Hosts {
		if _, err := a.before.Get(h.Runtime); err != nil {
			return fmt.Errorf("host %s: %w", h.Name, err)
		}
	}
	if err := a.checkHosts(ctx); err != nil {
		return err
	}
	var names []string // the runtimes have checked those of hosts
	for name, m := range a.plan.Marks() {
		if m.Kind != hosts.KindHost {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return hosts.CheckNames(a.plan.Lab, names...)
}

func (a *applier) apply(ctx context.Context) error { return a.do(ctx, a.steps()) }

// crowd is how many routers per processor are too many to start while hosts are made.
const crowd = 4

// steps returns the parts in their order. Few routers start while hosts are made. Of
// many, each would learn of one port and one host after the other, and tell all others:
// they start when their hosts are there.
func (a *applier) steps() []step {
	prepare := []step{
		{"preparing hosts", a.prepare},
		{"writing files", a.files},
		{"making routers", a.namespaces},
		{"undoing faults", a.undoFaults},
		{"removing injected routes", a.forgetInjections},
		{"connecting routers", a.coreWires},
	}
	start := step{"starting routers", a.routers}
	hosts := []step{
		{"making hosts", a.sandboxes},
		{"connecting hosts", a.hostWires},
		{"connecting the server", a.uplinks},
		{"configuring hosts", a.hosts},
	}
	finish := []step{
		{"configuring routers", a.updateRouters},
		{"renewing hosts", a.renewHosts},
		{"removing leftovers", a.removeExtra},
	}
	if a.fresh && len(a.plan.Routers) > crowd*runtime.NumCPU() {
		return slices.Concat(prepare, hosts, []step{start}, finish)
	}
	return slices.Concat(prepare, []step{start}, hosts, finish)
}

// step is a part of what a command does.
type step struct {
	name string
	do   func(context.Context) error
}

// do takes steps, and keeps the plan when all are done.
func (a *applier) do(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.progress.Step(s.name)
		end := a.times.start(s.name, "")
		err := s.do(ctx)
		end()
		if err != nil {
			return fmt.Errorf("lab %s: %s: %w", a.plan.Lab, s.name, err)
		}
	}
	return store.Finish(a.plan, a.source)
}

// undo removes what was built. The error names what it cannot remove.
func (a *applier) undo() error {
	a.progress.Step("removing what was built")
	ctx := context.Background()
	if a.kept {
		if err := store.SetKeptAside(a.plan.Lab); err != nil {
			return fmt.Errorf("lab %s is left as it is, for what its hosts keep cannot be saved: %w", a.plan.Lab, err)
		}
	}
	return errors.Join(undone(ctx, a.plan.Lab), a.unreachable(inventory.FindRuntimes(ctx, nil)))
}

func (a *applier) files(context.Context) error {
	dirs := []string{store.RunDir(a.plan.Lab), store.StateDir(a.plan.Lab)}
	for _, r := range a.plan.Routers {
		dirs = append(dirs, store.RouterDir(a.plan.Lab, r.Name))
	}
	for _, d := range dirs {
		if err := store.MakeDir(d); err != nil {
			return err
		}
	}
	if err := store.Begin(a.plan.Lab, append(a.cut, *a.plan)); err != nil {
		return err
	}
	for _, r := range a.plan.Routers {
		err := inventory.Homes.Write(hosts.Spec{
			Lab: a.plan.Lab, Node: store.RouterDirName(r.Name), Hosts: plan.HostsFile(a.plan.Names, nil),
		})
		if err != nil {
			return fmt.Errorf("router %s: %w", r.Name, err)
		}
	}
	return nil
}

// namespaces makes the lab's own namespace and those of the routers that are concerned.
func (a *applier) namespaces(context.Context) error {
	if err := a.namespace(a.plan.Namespace, hosts.Mark{Lab: a.plan.Lab, Kind: hosts.KindLab}); err != nil {
		return err
	}
	for _, r := range a.plan.Routers {
		if !a.scope.router(r.Name) {
			continue
		}
		if err := a.namespace(r.Namespace, hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindRouter}); err != nil {
			return err
		}
	}
	return a.portNamespaces()
}

// sandboxes makes the hosts.
func (a *applier) sandboxes(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(build.Parallel)
	for _, h := range a.plan.Hosts {
		if a.scope.host(h.Name) {
			g.Go(func() error { return a.sandbox(ctx, h) })
		}
	}
	return g.Wait()
}

func (a *applier) namespace(name string, m hosts.Mark) error {
	ns, _, err := hosts.EnsureNamespace(name, m)
	if err != nil {
		return err
	}
	return hosts.PrepareRouter(ns)
}

func (a *applier) sandbox(ctx context.Context, h plan.Host) error {
	runtime, err := a.before.Get(h.Runtime)
	if err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	s, err := runtime.Ensure(ctx, a.build.Spec(h))
	if err != nil {
		return err
	}
	a.build.Place(h.Name, s.NetNS)
	return nil
}

// ready refuses a lab that this server cannot run, before anything is changed.
func (a *applier) ready() (warnings []status.Finding, err error) {
	need := look.NeedOf(a.before.Runtimes, a.plan, a.topology.Datapath)
	need.Force = a.force
	if !a.fresh {
		look.Relax(&need)
	}
	return doctor.CheckBeforeUp(need)
}

func (a *applier) portNamespaces() error {
	for _, r := range a.plan.Routers {
		if !a.scope.router(r.Name) {
			continue
		}
		for _, name := range r.PortNamespaces() {
			if err := a.namespace(name, hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindPort}); err != nil {
				return err
			}
		}
	}
	return nil
}
