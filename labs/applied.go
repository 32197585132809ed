package labs

import (
	"errors"
	"fmt"
	"os"
)

// appliedBefore reads what was applied last, and what commands since then that
// were cut short were about to.
func appliedBefore(lab string) (applied Plan, cut []Plan, err error) {
	if applied, err = readJSON[Plan](planFile(lab)); err == nil || errors.Is(err, os.ErrNotExist) {
		cut, err = readJSON[[]Plan](changeFile(lab))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return applied, cut, fmt.Errorf("what was applied before cannot be read; `pseudowan down %s` removes the lab: %w", lab, err)
	}
	return applied, cut, nil
}

// begin keeps what a running lab is about to be changed to, until note.
func (a *applier) begin() error {
	if a.fresh {
		return nil
	}
	return writeJSON(changeFile(a.plan.Lab), append(a.cut, *a.plan))
}

// note keeps what was applied, for the next command.
func (a *applier) note() error {
	if err := writeFile(topologyFile(a.plan.Lab), a.source); err != nil {
		return err
	}
	if err := writeJSON(planFile(a.plan.Lab), a.plan); err != nil {
		return err
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
