package doctor

import (
	"context"
	"errors"
	"strings"

	"pseudowan/status"
)

// Check looks at everything and judges it for a lab. there lists the labs of
// the server, daemons the daemons of its runtimes.
func Check(ctx context.Context, n Need, there []Lab, daemons []Daemon) []status.Finding {
	o := Observe(ctx, n)
	o.Labs, o.Daemons = there, daemons
	return Judge(o, n)
}

// CheckBeforeUp takes a few milliseconds to look at what would keep a lab from
// running and at what concerns only this lab. The error, a *NotReadyError, holds
// the failures; the lab can run in spite of the warnings.
func CheckBeforeUp(n Need) (warnings []status.Finding, err error) {
	found := Judge(glance(n), n)
	for _, f := range found {
		if f.Status == status.Warn {
			warnings = append(warnings, f)
		}
	}
	if failed := failures(found); len(failed) > 0 {
		return warnings, &NotReadyError{failed}
	}
	return warnings, nil
}

// ErrNotReady is wrapped by a *NotReadyError.
var ErrNotReady = errors.New("the server is not ready for a lab")

// NotReadyError lists what keeps a lab from running on this server.
type NotReadyError struct{ Failed []status.Finding }

func (e *NotReadyError) Error() string {
	lines := make([]string, len(e.Failed))
	for i, f := range e.Failed {
		lines[i] = f.Check + ": " + f.Detail + " (" + f.Cost + "); " + f.Remedy
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns ErrNotReady.
func (e *NotReadyError) Unwrap() error { return ErrNotReady }
