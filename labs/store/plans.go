package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// Applied reads the plan as applied last. It is kept twice, with the state
// and beside the sockets: where one is damaged or gone, the other serves. The
// error wraps fs.ErrNotExist where there is none.
func Applied(lab string) (plan.Plan, error) {
	var errs []error
	for _, file := range planFiles(lab) {
		p, err := readJSON[plan.Plan](file)
		switch {
		case err == nil && p.Lab == lab:
			return p, nil
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

// Before reads what was applied last, and what commands since then that
// were cut short were about to. What is gone or damaged counts as nothing
// applied: the lab that runs is made what its file says all the same, and known
// is false where that may change numbers that it had.
func Before(lab string) (applied plan.Plan, cut []plan.Plan, known bool) {
	applied, err := Applied(lab)
	known = err == nil || errors.Is(err, fs.ErrNotExist)
	cut, err = Cut(lab)
	if err != nil {
		cut = nil // half of it, maybe
	}
	return applied, cut, known
}

// Cut reads what a lab is being changed to, or was when the changes were cut
// short: the last plan and those before it.
func Cut(lab string) ([]plan.Plan, error) { return readJSON[[]plan.Plan](changeFile(lab)) }

// Begin keeps what a lab is about to be changed to, until Finish.
func Begin(lab string, plans []plan.Plan) error { return writeJSON(changeFile(lab), plans) }

// Changing reports whether a change has begun and not finished.
func Changing(lab string) bool {
	_, err := os.Stat(changeFile(lab))
	return err == nil
}

// Finish keeps what was applied, for the next command.
func Finish(p *plan.Plan, source []byte) error {
	if err := writeFile(topologyFile(p.Lab), source); err != nil {
		return err
	}
	for _, file := range planFiles(p.Lab) {
		if err := writeJSON(file, p); err != nil {
			return err
		}
	}
	if err := os.Remove(changeFile(p.Lab)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Topology is the topology as it was applied last; nil where the state
// directory is gone: then the marks alone are listed.
func Topology(lab string) *topology.Topology {
	data, err := os.ReadFile(topologyFile(lab))
	if err != nil {
		return nil
	}
	t, err := topology.Parse(topologyFile(lab), data)
	if err != nil {
		return nil
	}
	return t
}
