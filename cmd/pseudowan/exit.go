package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pseudowan/labs"
	"pseudowan/labs/look"
	"pseudowan/status"
	"pseudowan/topology"
)

// The exit codes; exitHelp documents them for users.
const (
	exitOK           = 0
	exitFailure      = 1
	exitInvalid      = 2
	exitNotConverged = 3
	exitNotFound     = 4
	exitInterrupted  = 130 // 128 + SIGINT, as in shells
	exitNoReader     = 141 // 128 + SIGPIPE
)

const exitHelp = `Exit codes:
  0    done
  1    failed
  2    wrong usage, or an invalid topology file
  3    the lab did not converge in time, or a host's command or service ended;
       wait: what is waited for did not come in time
  4    no such lab, router, host or file
  130  interrupted
  141  done, but the reader of the output has gone
diff: 0 nothing differs, 1 something does.
plan: 0 nothing to do, 2 something to do.
verify: 0 all is as intended, 1 something differs, 2 it could not be tested.
audit: 0 nothing deviates, 1 something does.
exec returns the exit code of its command: as in a shell, 127 if the command is
not found, and 126 if it cannot be executed; 125 if the node cannot be entered.`

// usageError is an invalid command line.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// statusError is an exit code whose reason is already printed, by a table or by the
// command inside a node.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exitStatuser is an error with an exit code of its own, of a command that did not
// start inside a node.
type exitStatuser interface {
	error
	ExitStatus() int
}

// exitCode returns the exit code for the error of a command.
func exitCode(ctx context.Context, err error) int {
	var (
		usage        usageError
		problems     topology.Problems
		inNode       statusError
		notConverged *labs.NotConvergedError
		notStarted   exitStatuser
		untested     untestedError
		late         *look.LateError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &inNode):
		return int(inNode)
	case errors.As(err, &notStarted):
		return notStarted.ExitStatus()
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &problems), errors.Is(err, status.ErrSeveralLabs):
		return exitInvalid
	case errors.As(err, &notConverged), errors.As(err, &late):
		return exitNotConverged
	case errors.Is(err, status.ErrNotFound):
		return exitNotFound
	case errors.As(err, &untested):
		return exitUntested
	}
	return exitFailure
}

// complain prints an error, once.
func complain(ctx context.Context, w io.Writer, code int, err error) {
	var problems topology.Problems
	var inNode statusError
	switch {
	case err == nil, errors.As(err, &inNode):
	case code == exitInterrupted:
		fmt.Fprintln(w, strings.Join(append([]string{"pseudowan: interrupted"}, beyondCanceled(ctx, err)...), "\n"))
	case errors.As(err, &problems) && len(problems) > 1:
		// Each problem is a line that begins with file:line, where editors look
		// for it.
		fmt.Fprintf(w, "pseudowan: %d problems\n%v\n", len(problems), err)
	default:
		fmt.Fprintf(w, "pseudowan: %v\n", err)
	}
}

// beyondCanceled returns what the error of an interrupted command says beyond the
// interruption, such as what could not be undone, one line for each joined error.
func beyondCanceled(ctx context.Context, err error) []string {
	words := []string{context.Canceled.Error()}
	if cause := context.Cause(ctx); cause != nil {
		words = append(words, cause.Error())
	}
	return slices.DeleteFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(line, w) })
	})
}
