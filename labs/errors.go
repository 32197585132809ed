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

// nearest returns the candidate that looks most like name, or "".
func nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/2+1
	for _, c := range candidates {
		if d := editDistance(name, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance of two names.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
