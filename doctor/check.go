package doctor

import (
	"context"
	"errors"
	"strings"

	"pseudowan/status"
)

// Check looks at everything and judges it for a lab. there are the labs of
// the server, daemons those of its runtimes.
func Check(ctx context.Context, n Need, there []Lab, daemons []Daemon) []status.Finding {
	o := Observe(ctx, n)
	o.Labs, o.Daemons = there, daemons
	return Judge(o, n)
}

// CheckBeforeUp looks, in a few milliseconds, at what would keep a lab from
// running or what concerns this one lab. The error, a *NotReadyError, holds
// what the lab cannot run with; warnings are what the lab can live with.
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

// NotReadyError tells what keeps a lab from running on this server.
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
