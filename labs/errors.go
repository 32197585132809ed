package labs

import (
	"fmt"
	"strings"
)

// NotConvergedError is what a lab lacked at the timeout.
type NotConvergedError struct {
	Lab     string
	Missing []string // one thing each, naming the router
}

// StateError is why what is asked for is refused, which the state of the lab does not
// allow. Nothing is changed by it.
type StateError struct{ message string }

func (e *StateError) Error() string { return e.message }

// maxMissingShown limits the lines of the error.
const maxMissingShown = 20

func (e *NotConvergedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lab %s has not converged; missing:", e.Lab)
	for i, m := range e.Missing {
		if i == maxMissingShown {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Missing)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", m)
	}
	return b.String()
}
