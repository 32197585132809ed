package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
)

// endedPoll is how often `up` looks at the hosts' own commands while it waits.
const endedPoll = 200 * time.Millisecond

// untilEnded looks at the lab's hosts until ctx ends, or the own command of one
// has ended: then the error says so.
func (a *applier) untilEnded(ctx context.Context) error {
	for {
		if err := a.endedError(ctx, nil); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(endedPoll):
		}
	}
}

// endedError says which hosts' own commands have ended, or containers where
// these are what failed is about, with their last words: a customer's BGP daemon
// that refuses its configuration, say. It is nil where all run.
//
// A container that has ended makes steps fail in a way that depends on the
// moment: what is said of it does not.
func (a *applier) endedError(ctx context.Context, failed error) error {
	boxes, err := a.before.Sandboxes(ctx, a.plan.Lab)
	if err != nil {
		return nil // whoever needs them says so
	}
	var lines []string
	for _, h := range a.plan.Hosts {
		i := slices.IndexFunc(boxes, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Runtime == h.Runtime })
		if i < 0 || !boxes[i].Ended || failed != nil && boxes[i].Running() {
			continue
		}
		line := "host " + h.Name + ": " + ended(h.Command, boxes[i])
		if last := a.before.LastLines(ctx, boxes[i]); len(last) > 0 {
			line += "; it said last:\n    " + strings.Join(last, "\n    ")
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil
	}
	return &NotConvergedError{Lab: a.plan.Lab, Missing: lines}
}

// hostsFirst returns what a step's error is about: a container that has ended,
// or the step itself.
func (a *applier) hostsFirst(ctx context.Context, err error) error {
	var notConverged *NotConvergedError
	if err == nil || ctx.Err() != nil || errors.As(err, &notConverged) {
		return err
	}
	if ended := a.endedError(ctx, err); ended != nil {
		return ended
	}
	return err
}

// ended says how a host's own command has ended.
func ended(command []string, s hosts.Sandbox) string {
	what := "its container"
	if len(command) > 0 {
		what = "its command " + command[0]
	}
	if !s.Ended {
		return what + " has not been started"
	}
	if s.ExitCode == hosts.UnknownExit {
		return what + " has ended, nobody knows how"
	}
	return fmt.Sprintf("%s has ended with exit code %d", what, s.ExitCode)
}
