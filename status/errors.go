package status

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is wrapped by errors about a lab or a node that does not exist.
var ErrNotFound = errors.New("not found")

// NotFound returns an error that prints its own message and wraps ErrNotFound.
func NotFound(message string) error { return notFound(message) }

type notFound string

func (e notFound) Error() string { return string(e) }
func (e notFound) Unwrap() error { return ErrNotFound }

// ErrSeveralLabs is wrapped by the error of a command that names no lab while several
// are running.
var ErrSeveralLabs = errors.New("several labs are running")

// SeveralLabs returns an error that lists the labs and wraps ErrSeveralLabs.
func SeveralLabs(names []string) error { return severalLabs(names) }

type severalLabs []string

func (e severalLabs) Error() string {
	return fmt.Sprintf("several labs are running: %s; choose one with --lab", strings.Join(e, ", "))
}
func (e severalLabs) Unwrap() error { return ErrSeveralLabs }

// ErrIncomplete says that rows are missing after some that have been passed on.
var ErrIncomplete = errors.New("the rows above are incomplete")
