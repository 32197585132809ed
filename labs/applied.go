package labs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pseudowan/labs/plan"
)

// appliedPlan reads the plan as applied last. It is kept twice, with the state
// and beside the sockets: where one is damaged or gone, the other serves. The
// error wraps fs.ErrNotExist where there is none.
func appliedPlan(lab string) (plan.Plan, error) {
	var errs []error
	for _, file := range planFiles(lab) {
		plan, err := readJSON[plan.Plan](file)
		switch {
		case err == nil && plan.Lab == lab:
			return plan, nil
		case err == nil:
			err = fmt.Errorf("%s: it is no plan of lab %s", file, lab)
		case errors.Is(err, fs.ErrNotExist):
			continue
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return plan.Plan{}, &fs.PathError{Op: "read the plan", Path: planFile(lab), Err: fs.ErrNotExist}
	}
	return plan.Plan{}, errors.Join(errs...)
}

// appliedBefore reads what was applied last, and what commands since then that
// were cut short were about to. What is gone or damaged counts as nothing
// applied: the lab that runs is made what its file says all the same, and known
// is false where that may change numbers that it had.
func appliedBefore(lab string) (applied plan.Plan, cut []plan.Plan, known bool) {
	applied, err := appliedPlan(lab)
	known = err == nil || errors.Is(err, fs.ErrNotExist)
	cut, err = readJSON[[]plan.Plan](changeFile(lab))
	if err != nil {
		cut = nil // half of it, maybe
	}
	return applied, cut, known
}

// begin keeps what a lab is about to be changed to, until note.
func (a *applier) begin() error {
	return writeJSON(changeFile(a.plan.Lab), append(a.cut, *a.plan))
}

// note keeps what was applied, for the next command.
func (a *applier) note() error {
	if err := writeFile(topologyFile(a.plan.Lab), a.source); err != nil {
		return err
	}
	for _, file := range planFiles(a.plan.Lab) {
		if err := writeJSON(file, a.plan); err != nil {
			return err
		}
	}
	if err := os.Remove(changeFile(a.plan.Lab)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// cutShort says that a change of a running lab has ended half-way; nil where it
// has not.
func (a *applier) cutShort() error {
	if _, err := os.Stat(changeFile(a.plan.Lab)); err != nil || len(a.changed) == 0 {
		return nil
	}
	return fmt.Errorf("lab %s is changed in part: `pseudowan up` with the same file goes on", a.plan.Lab)
}
