package doctor

import (
	"context"
	"os"
	"strings"

	"pseudowan/status"
)

// Check observes everything and judges it for a lab. there lists the labs of the
// server, daemons the daemons of its runtimes.
func Check(ctx context.Context, n Need, there []Lab, daemons []Daemon) []status.Finding {
	o := observe(ctx, n)
	o.Labs, o.Daemons = there, daemons
	return Judge(o, n)
}

// CheckBeforeUp checks, within a few milliseconds, what would keep a lab from running
// and what concerns only this lab. The error lists the failures; the lab can run in
// spite of the warnings.
func CheckBeforeUp(n Need) (warnings []status.Finding, err error) {
	found := Judge(glance(n), n)
	for _, f := range found {
		if f.Status == status.Warn {
			warnings = append(warnings, f)
		}
	}
	if failed := failures(found); len(failed) > 0 {
		return warnings, notReadyError(failed)
	}
	return warnings, nil
}

// CheckPrivileges checks what root may be refused here, as in a container. Without it,
// nobody can even tell which labs there are.
func CheckPrivileges() error {
	if failed := failures(privileges(Observed{Root: os.Geteuid() == 0, Privileges: observePrivileges()}, Need{})); len(failed) > 0 {
		return notReadyError(failed)
	}
	return nil
}

// CheckUplinks checks what the lab's uplinks and published ports would collide with on
// the server. The error lists the failures.
func CheckUplinks(n Need) error {
	var o Observed
	observeServer(&o, n)
	if failed := failures(server(o, n)); len(failed) > 0 {
		return notReadyError(failed)
	}
	return nil
}

// notReadyError lists what keeps a lab from running on this server.
type notReadyError []status.Finding

func (e notReadyError) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Check + ": " + f.Detail + " (" + f.Cost + "); " + f.Remedy
	}
	return strings.Join(lines, "\n")
}
