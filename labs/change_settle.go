package labs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// takeBack returns a lab to what it was when a change has failed.
func (a *applier) takeBack() error {
	if !store.Changing(a.plan.Lab) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handOverPatience)
	defer cancel()
	what, err := settleChange(ctx, a.plan.Lab)
	if err != nil {
		return fmt.Errorf("and it could not be taken back; %s: %w", wholeAgain(a.plan.Lab), err)
	}
	return errors.New(what)
}

// wholeAgain says what makes a lab whole again, with what was changed while it ran.
func wholeAgain(lab string) string {
	return fmt.Sprintf("`pseudowan export %s > FILE`, then `pseudowan up FILE`, makes it whole", lab)
}

// settleChange makes a lab whole whose last change was interrupted, and tells how; "" if
// none was. It concerns what the change did, unless that was more than a change does.
func settleChange(ctx context.Context, lab string) (string, error) {
	if store.GoingDown(lab) {
		return "", fmt.Errorf("lab %s is going down; `pseudowan down %s` completes that", lab, lab)
	}
	if !store.Changing(lab) {
		return "", nil
	}
	applied, text, t, err := running(lab)
	if err != nil {
		return "", err
	}
	if _, err := settle(ctx, lab, silent{}); err != nil {
		return "", err
	}
	a, err := newApplier(ctx, t, text, applyOptions{progress: silent{}, times: &timeline{begin: time.Now()}, running: &applied})
	if err != nil {
		return "", err
	}
	what := outcome(lab, &applied, a.cut, a.plan)
	s := scopeOfCut(&applied, a.cut, a.plan)
	if s == nil {
		what, err = what+"; cut and impaired links, injected routes, and stopped hosts and routers are as in its file", a.settleAll(ctx)
	} else {
		err = a.settleScope(ctx, s)
	}
	if err != nil {
		return "", err
	}
	store.NoteCommand(lab, "", what)
	return what, nil
}

// settleScope applies the plan to what an interrupted change concerns. What was done to
// the rest of the lab stays.
func (a *applier) settleScope(ctx context.Context, s *scope) error {
	if err := a.limit(s); err != nil {
		return err
	}
	if err := a.check(ctx); err != nil {
		return err
	}
	return a.applyChange(ctx)
}

// settleAll applies the plan to all of the lab, as up does.
func (a *applier) settleAll(ctx context.Context) error {
	if len(a.plan.NICs)+len(a.plan.Uplinks) > 0 {
		return fmt.Errorf("a change of lab %s was interrupted; %s", a.plan.Lab, wholeAgain(a.plan.Lab))
	}
	a.plan.Edited = a.applied.Edited || len(plan.Diff(&a.applied, a.plan)) > 0
	if err := a.check(ctx); err != nil {
		return err
	}
	return a.apply(ctx)
}

// outcome says what becomes of an interrupted change whose plan is the first of cut: the
// text of the lab, from which now was made, is that of after it once all was done.
func outcome(lab string, applied *plan.Plan, cut []plan.Plan, now *plan.Plan) string {
	if len(cut) > 0 && len(plan.Diff(&cut[0], now)) == 0 || len(plan.Diff(applied, now)) > 0 {
		return "an interrupted change was completed: lab " + lab + " is as after it"
	}
	return "an interrupted change was taken back: lab " + lab + " is as before it"
}

// scopeOfCut returns what interrupted changes concern; nil for everything: if one was not
// a change of a running lab, or by another version of this program.
func scopeOfCut(applied *plan.Plan, cut []plan.Plan, now *plan.Plan) *scope {
	all := newScope()
	join := func(p *plan.Plan) bool {
		s, err := scopeOf(p, now)
		if err != nil || p.Format != now.Format {
			return false
		}
		maps.Copy(all.routers, s.routers)
		maps.Copy(all.hosts, s.hosts)
		maps.Copy(all.segments, s.segments)
		return true
	}
	for i := range cut {
		if !cut[i].Edited || !join(&cut[i]) {
			return nil
		}
	}
	if len(cut) == 0 || !join(applied) {
		return nil
	}
	return all
}
