package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// Applied reads the plan applied last. There are two copies, one in StateDir and
// one in RunDir, in case one is damaged or deleted. Without either the error
// wraps fs.ErrNotExist.
func Applied(lab string) (plan.Plan, error) {
	var errs []error
	for _, file := range planFiles(lab) {
		p, err := readJSON[plan.Plan](file)
		switch {
		case err == nil && p.Lab == lab:
			return p, nil
		case err == nil:
			err = fmt.Errorf("%s: not a plan of lab %s", file, lab)
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

// Before reads the plan applied last, and those of commands interrupted since. A
// damaged plan counts as empty; known is false then, because numbers of the running
// lab may change.
func Before(lab string) (applied plan.Plan, cut []plan.Plan, known bool) {
	applied, err := Applied(lab)
	known = err == nil || errors.Is(err, fs.ErrNotExist)
	cut, err = Cut(lab)
	if err != nil {
		cut = nil // it may be incomplete
	}
	return applied, cut, known
}

// Version names the content of what Before reads: it is another whenever that is. Finding
// it out reads nothing.
func Version(lab string) (version string) {
	for _, file := range append(planFiles(lab), changeFile(lab)) {
		var st unix.Stat_t
		if err := unix.Stat(file, &st); err != nil {
			version += " -"
			continue
		}
		version += fmt.Sprintf(" %d/%d/%d.%d", st.Ino, st.Size, st.Mtim.Sec, st.Mtim.Nsec)
	}
	return version
}

// Cut reads the plans of unfinished changes, oldest first.
func Cut(lab string) ([]plan.Plan, error) { return readJSON[[]plan.Plan](changeFile(lab)) }

// Begin stores the plans of changes until Finish.
func Begin(lab string, plans []plan.Plan) error { return writeJSON(plans, changeFile(lab)) }

// Changing reports whether a change is unfinished.
func Changing(lab string) bool {
	_, err := os.Stat(changeFile(lab))
	return err == nil
}

// Finish stores what was applied, for the next command.
func Finish(p *plan.Plan, source []byte) error {
	if err := writeFile(topologyFile(p.Lab), source); err != nil {
		return err
	}
	if err := writeJSON(p, planFiles(p.Lab)...); err != nil {
		return err
	}
	if err := os.Remove(changeFile(p.Lab)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// TopologyFile returns the path of the topology applied last.
func TopologyFile(lab string) string { return topologyFile(lab) }

// Source reads the text of the topology applied last.
func Source(lab string) ([]byte, error) { return os.ReadFile(topologyFile(lab)) }

// Topology returns the topology applied last; nil if it cannot be read.
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
