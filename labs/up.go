package labs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"pseudowan/doctor"
	"pseudowan/hosts"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
)

// Progress hears what a long command is doing, in short phrases.
type Progress interface{ Step(message string) }

// UpOptions select what Up brings up and how long it waits.
type UpOptions struct {
	Lab      string            // a ready lab, a file, or "-" for Stdin
	Stdin    io.Reader         // read for "-"
	Text     []byte            // of the file, if that is not to be read; else nil
	Runtime  string            // of hosts that do not name theirs; "": the topology's
	Timeout  time.Duration     // for the lab to converge
	NoWait   bool              // return when everything is started
	NICs     map[string]string // the server's names for NICs, by the topology's
	Force    bool              // lend NICs that the server itself needs
	Progress Progress

	// Site, unless "", is the only part of the lab to bring up, if it is divided into
	// sites of PerSite routers. A running lab stays the site that it is.
	Site    string
	PerSite int

	// Variables, unless nil, has the variables with passwords. Else they are those of the
	// process, which the programs of hosts get, too.
	Variables Variables

	// Cautions, unless nil, receives what the file may have but its author cannot
	// have meant, before anything is touched.
	Cautions func(topology.Problems)

	// Undoes, unless nil, hears what the file takes back of what was changed while the
	// lab ran, before anything is touched.
	Undoes func(lines []string)
}

// Report is the result of Up.
type Report struct {
	Lab      string
	Created  bool             // false: the lab was running already
	Runtime  string           // of the hosts
	Routers  int              // number of routers
	Hosts    int              // number of hosts
	Changed  []string         // additions, changes, removals and repairs, a line each
	Waiting  []string         // outside peers that are not up
	Warnings []status.Finding // shortcomings of the server
	Elapsed  time.Duration
	Phases   []status.Phase // where the time went
}

// Up brings a lab up, or changes a running lab to its edited topology. It returns
// when the lab has converged. If it fails or ctx ends, a new lab is taken down
// again; a running lab stays as it is, and the error says if it has changed in part.
func Up(ctx context.Context, o UpOptions) (Report, error) {
	times := &timeline{begin: time.Now()}
	read := times.start("reading the file", "")
	t, source, err := o.load()
	if err != nil {
		return Report{}, err
	}
	read()
	if o.Cautions != nil {
		o.Cautions(t.Warnings)
	}
	if err := inventory.NeedRoot(); err != nil {
		return Report{}, err
	}
	return bringUp(ctx, t, source, applyOptions{runtime: o.Runtime, timeout: o.Timeout, noWait: o.NoWait, nics: o.NICs, force: o.Force, progress: o.Progress, times: times, undoes: o.Undoes, site: o.Site, perSite: o.PerSite, variables: o.Variables})
}

// load reads the topology and its text.
func (o UpOptions) load() (*topology.Topology, []byte, error) {
	if o.Text == nil {
		return catalog.Load(o.Lab, o.Stdin, inventory.Known()...)
	}
	t, err := catalog.Parse(o.Lab, o.Text, filepath.Dir(o.Lab), inventory.Known()...)
	return t, o.Text, err
}

// applyOptions control how a topology is applied.
type applyOptions struct {
	runtime  string // of hosts that do not name theirs; "": the topology's
	timeout  time.Duration
	noWait   bool
	nics     map[string]string // the server's names for NICs, by the topology's
	force    bool              // lend NICs that the server itself needs
	progress Progress
	times    *timeline
	site     string // see UpOptions
	perSite  int

	variables Variables            // see UpOptions
	undoes    func(lines []string) // see UpOptions
	running   *plan.Plan           // of a run-time change: the lab as it runs; else nil
}

// bringUp applies a topology; source is its text.
func bringUp(ctx context.Context, t *topology.Topology, source []byte, o applyOptions) (Report, error) {
	if err := doctor.CheckPrivileges(); err != nil {
		return Report{}, err
	}
	prepared := o.times.start("observing and planning", "")
	held, err := store.Acquire(ctx, t.Name)
	if err != nil {
		return Report{}, err
	}
	defer held.Release()
	recovered, err := settle(ctx, t.Name, o.progress)
	if err != nil {
		return Report{}, err
	}

	a, err := newApplier(ctx, t, source, o)
	if err != nil {
		return Report{}, err
	}
	for _, ns := range recovered {
		a.changed = append(a.changed, "gave namespace "+ns.Name+" its name back")
	}
	if err := a.check(ctx); err != nil {
		return Report{}, err
	}
	warnings, err := a.ready()
	if err != nil {
		return Report{}, err
	}
	if lines := undoes(t); o.undoes != nil && !a.fresh && len(lines) > 0 {
		o.undoes(lines)
	}
	prepared()
	defer keeper.KeepLogs(ctx, t.Name)()
	waiting, err := a.run(ctx, o)
	if err = a.hostsFirst(ctx, err); err != nil {
		if a.fresh {
			return Report{}, errors.Join(err, a.undo())
		}
		return Report{}, errors.Join(err, a.cutShort())
	}
	slices.Sort(a.right)
	a.changed = append(a.changed, a.right...)
	a.addMended()
	a.noteUp()
	return Report{
		Lab: t.Name, Created: a.fresh, Runtime: a.runtimeName, Routers: len(a.plan.Routers), Hosts: len(a.plan.Hosts),
		Changed: a.changed, Waiting: waiting, Warnings: warnings, Elapsed: time.Since(o.times.begin),
		Phases: a.times.phases,
	}, nil
}

// settle prepares an existing lab for a change: it completes an interrupted
// removal and recovers names of namespaces, which it returns.
func settle(ctx context.Context, lab string, p Progress) ([]hosts.Namespace, error) {
	if err := adoptEarlier(lab); err != nil {
		return nil, err
	}
	if store.GoingDown(lab) {
		p.Step("removing what an interrupted down has left")
		return nil, finishRemoval(ctx, lab)
	}
	if err := store.RestoreKept(lab); err != nil {
		return nil, err
	}
	if err := keeper.AwaitEnding(ctx, lab); err != nil {
		return nil, err
	}
	if err := settleContainers(ctx, lab); err != nil {
		return nil, err
	}
	return keeper.RecoverNames(lab)
}

func (a *applier) run(ctx context.Context, o applyOptions) (waiting []string, err error) {
	if err := a.apply(ctx); err != nil {
		return nil, err
	}
	switch {
	case !o.noWait:
		defer a.times.start("converging", "")()
		return a.converge(ctx, o.timeout)
	case a.fresh: // agents may have started before their wires existed
		err = a.handOver(ctx)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errTimeout)
	defer cancel()
	return nil, a.services(ctx, false)
}

// cutShort returns the error for a running lab whose change was interrupted; nil
// if it was not.
func (a *applier) cutShort() error {
	if !store.Changing(a.plan.Lab) || len(a.changed) == 0 {
		return nil
	}
	return fmt.Errorf("lab %s is changed in part; `pseudowan up` with the same file completes the change", a.plan.Lab)
}

// Runtimes lists what hosts can run in, as topology.Parse needs it.
func Runtimes() []topology.Runtime { return inventory.Known() }
