package labs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// ChangeOptions say what Change changes in a running lab.
type ChangeOptions struct {
	Lab     string // "": the only one
	Edits   []edit.Edit
	Timeout time.Duration // for routers to do what is new
	By      string        // who changes the lab, for events; "": the user of this process

	// Decide, unless nil, returns the edits in the place of Edits; none are no error. Nobody
	// else changes the lab between what it sees and these.
	Decide func(*topology.Topology) ([]edit.Edit, error)
}

// ChangeReport is what Change has done.
type ChangeReport struct {
	Lab     string   `json:"lab"`
	Changed []string `json:"changed"` // nodes, a line each
	Before  string   `json:"before"`  // what became of what a command did that was interrupted; "" if none was
}

// Change edits the topology of a running lab and brings in line what the edits concern,
// as up does with an edited file, all or nothing. It returns when routers forward
// accordingly.
func Change(ctx context.Context, o ChangeOptions) (ChangeReport, error) {
	lab, held, before, err := holdRunning(ctx, o.Lab)
	if err != nil {
		return ChangeReport{}, err
	}
	defer held.Release()
	report := ChangeReport{Lab: lab, Changed: []string{}}
	settled, err := settleChange(ctx, lab)
	report.Before = strings.Join(slices.DeleteFunc([]string{before, settled}, func(s string) bool { return s == "" }), "; ")
	if err != nil {
		return report, err
	}
	if o.Decide != nil {
		_, _, now, err := running(lab)
		if err != nil {
			return report, err
		}
		if o.Edits, err = o.Decide(now); err != nil || len(o.Edits) == 0 {
			return report, err
		}
	}
	a, err := planChange(ctx, lab, o.Edits)
	if err != nil {
		return report, err
	}
	defer keeper.KeepLogs(ctx, lab)()
	missing := a.lacks(ctx)
	if err := a.applyChange(ctx); err != nil {
		undone := a.takeBack()
		return report, errors.Join(err, undone)
	}
	for _, e := range o.Edits {
		store.NoteCommand(lab, o.By, e.String())
	}
	report.Changed = append(report.Changed, a.changed...)
	return report, a.awaitChange(ctx, o.Timeout, missing)
}

// running reads the lab as it runs: its plan, its text and what that says.
func running(lab string) (applied plan.Plan, text []byte, t *topology.Topology, err error) {
	applied, err = store.Applied(lab)
	if err == nil {
		text, err = store.Source(lab)
	}
	if err == nil {
		t, err = parseRunning(&applied, text)
	}
	if err != nil {
		err = fmt.Errorf("lab %s: its files are gone or damaged; `pseudowan up` makes them again: %w", lab, err)
	}
	return applied, text, t, err
}

// parseRunning reads the text of a running lab. Problems are told by what they concern:
// nobody sees the lines of that text.
func parseRunning(p *plan.Plan, text []byte) (*topology.Topology, error) {
	t, err := catalog.Parse("lab "+p.Lab, text, p.Dir, inventory.Known()...)
	var problems topology.Problems
	if errors.As(err, &problems) {
		return nil, withoutLines(problems)
	}
	return t, err
}

// ofLine is how a problem names another element of the file.
var ofLine = regexp.MustCompile(` \(line [0-9]+\)`)

func withoutLines(problems topology.Problems) topology.Problems {
	for i := range problems {
		p := &problems[i]
		p.Line, p.Column = 0, 0
		p.Message, p.Remedy = ofLine.ReplaceAllString(p.Message, ""), ofLine.ReplaceAllString(p.Remedy, "")
	}
	return problems
}

// planChange returns what applies edits, and refuses what cannot work.
func planChange(ctx context.Context, lab string, edits []edit.Edit) (*applier, error) {
	applied, text, now, err := running(lab)
	if err != nil {
		return nil, err
	}
	text, err = edit.Apply(now, text, edits)
	var absent *edit.NotFoundError
	if errors.As(err, &absent) {
		return nil, status.NotFound(fmt.Sprintf("lab %s: %v", lab, err))
	}
	if err != nil {
		return nil, refused(lab, err)
	}
	t, err := parseRunning(&applied, text)
	if err != nil {
		return nil, err
	}
	if t.Name != lab {
		return nil, fmt.Errorf("lab %s cannot be renamed while it runs", lab)
	}
	a, err := newApplier(ctx, t, text, applyOptions{progress: silent{}, times: &timeline{begin: time.Now()}, running: &applied})
	if err != nil {
		return nil, err
	}
	s, err := scopeOf(&a.applied, a.plan)
	if err != nil {
		return nil, refused(lab, err)
	}
	if err := a.limit(s); err != nil {
		return nil, err
	}
	return a, a.check(ctx)
}

// refused makes an edit that is not possible an invalid file.
func refused(lab string, err error) error {
	var problems topology.Problems
	if errors.As(err, &problems) {
		return withoutLines(problems)
	}
	element := "change"
	var one *edit.Error
	if errors.As(err, &one) {
		element = fmt.Sprintf("edits[%d]", one.Index)
	}
	return topology.Problems{{File: "lab " + lab, Element: element, Message: err.Error()}}
}

// silent is the progress of what takes no time.
type silent struct{}

// Step implements Progress.
func (silent) Step(string) {}

// applyChange is apply for what a run-time change concerns: links, and what was done to
// them, stay as they are.
func (a *applier) applyChange(ctx context.Context) error {
	if len(a.scope.routers) == 0 && !a.scope.wired() && !store.Changing(a.plan.Lab) { // only the text differs
		return store.Finish(a.plan, a.source)
	}
	steps := []step{{"writing files", a.files}, {"making routers", a.namespaces}}
	if a.scope.wired() {
		steps = append([]step{{"preparing hosts", a.prepare}}, steps...)
	}
	steps = append(steps, step{"starting routers", a.routers})
	if a.scope.wired() {
		steps = append(steps, step{"making hosts", a.sandboxes}, step{"connecting hosts", a.hostWires}, step{"configuring hosts", a.hosts})
	}
	if a.scope.wired() {
		steps = append(steps, step{"configuring routers", a.updateWired}, step{"renewing hosts", a.renewHosts}, step{"removing leftovers", a.removeExtra}, step{"keeping faults", a.forgetGone})
	} else {
		steps = append(steps, step{"configuring routers", a.updateRouters})
	}
	return a.do(ctx, steps)
}

// updateWired is updateRouters, and removes meanwhile the LANs that are not in the plan and
// serve nobody any more: the kernel takes as long for a bridge.
func (a *applier) updateWired(ctx context.Context) error {
	return parallel{func() error { return a.updateRouters(ctx) }, a.removeSegments}.run()
}
