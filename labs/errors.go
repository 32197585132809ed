package labs

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is wrapped by errors about a lab or a node that is not there.
var ErrNotFound = errors.New("not found")

// notFound is an error that prints its own words and wraps ErrNotFound.
type notFound string

func (e notFound) Error() string { return string(e) }
func (e notFound) Unwrap() error { return ErrNotFound }

// ErrSeveralLabs is wrapped by the error of a command that was not told which
// of several running labs is meant.
var ErrSeveralLabs = errors.New("several labs run")

type severalLabs []string

func (e severalLabs) Error() string {
	return fmt.Sprintf("several labs run: %s; say which with --lab", strings.Join(e, ", "))
}
func (e severalLabs) Unwrap() error { return ErrSeveralLabs }

// NotConvergedError tells what a lab still lacked when the time was up.
type NotConvergedError struct {
	Lab     string
	Missing []string // one thing each, naming the router
}

// maxMissingShown keeps a large lab's error readable.
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
