package labs

import (
	"errors"
	"fmt"
	"os"
)

// appliedBefore reads what was applied last, and what a command that was cut
// short was about to.
func appliedBefore(lab string) (applied, cut Plan, err error) {
	if applied, err = readJSON[Plan](planFile(lab)); err == nil || errors.Is(err, os.ErrNotExist) {
		cut, err = readJSON[Plan](changeFile(lab))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return applied, cut, fmt.Errorf("what was applied before cannot be read; `pseudowan down %s` removes the lab: %w", lab, err)
	}
	return applied, cut, nil
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
	if _, err := os.Stat(changeFile(a.plan.Lab)); err != nil {
		return nil
	}
	return fmt.Errorf("lab %s is changed in part: `pseudowan up` with the same file goes on, with the file as it was undoes it", a.plan.Lab)
}
