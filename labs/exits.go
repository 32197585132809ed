package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
)

// endedPoll is how often up checks the hosts' own commands while it waits.
const endedPoll = 200 * time.Millisecond

// untilEnded waits until ctx ends, or returns an error when a host's own command
// ends.
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

// endedError returns an error that names the hosts whose own command has ended,
// such as a BGP daemon that refuses its configuration, with the last lines of its
// output; nil if all are running. If a step failed with the error failed, only
// ended containers count: which step they make fail depends on the moment, but
// this error does not.
func (a *applier) endedError(ctx context.Context, failed error) error {
	boxes, err := a.before.Sandboxes(ctx, a.plan.Lab)
	if err != nil {
		return nil // the step that needs them reports why
	}
	var lines []string
	for _, h := range a.plan.Hosts {
		i := slices.IndexFunc(boxes, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Runtime == h.Runtime })
		if i < 0 || !boxes[i].Ended || failed != nil && boxes[i].Running() {
			continue
		}
		line := "host " + h.Name + ": " + ended(h, boxes[i])
		if last := a.before.LastLines(ctx, boxes[i]); len(last) > 0 {
			line += "; its last output:\n    " + strings.Join(last, "\n    ")
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil
	}
	return &NotConvergedError{Lab: a.plan.Lab, Missing: lines}
}

// hostsFirst returns the cause of a step's error if it is a container that has
// ended, and the error itself otherwise.
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

// ended describes how a host's own command has ended.
func ended(h plan.Host, s hosts.Sandbox) string {
	what := "its container"
	switch {
	case h.Machine != nil:
		what = "its virtual machine"
	case len(h.Command) > 0:
		what = "its command " + h.Command[0]
	}
	if !s.Ended {
		return what + " has not been started"
	}
	if s.ExitCode == hosts.UnknownExit {
		return what + " has ended with an unknown exit code"
	}
	return fmt.Sprintf("%s has ended with exit code %d", what, s.ExitCode)
}
