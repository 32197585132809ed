package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/k8s/pods"
	"pseudowan/labs/look"
	"pseudowan/status"
)

// kubeWaitPause is the time between two looks at pods that are not ready: each is a
// connection to each of them.
const kubeWaitPause = time.Second

// kubeWait waits until all sites are there, and then in all pods at once for what holds in
// each by itself.
func kubeWait(c *cobra.Command, k *kubeFlag, out io.Writer, o look.WaitOptions, timeout time.Duration) error {
	for _, condition := range o.For {
		text := condition.String()
		if kind, _, _ := strings.Cut(text, "="); kind == "peer" || kind == "neighbor" || kind == "node" {
			return usagef("wait: with --kube, --for can be converged, route or no-route; for %s, say kubectl exec POD -- pseudowan wait --for %s", kind, text)
		}
	}
	ctx, cancel := context.WithTimeoutCause(c.Context(), timeout, look.ErrLate)
	defer cancel()
	if err := awaitSites(ctx, k.lab); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	left := max(time.Until(deadline), time.Second).Round(time.Millisecond)
	outcomes, err := k.lab.Each(c.Context(), append(arguments(c), "--timeout="+left.String())...)
	if err != nil {
		return err
	}
	n, err := sitesHold(k.lab, o, outcomes)
	if err != nil {
		return err
	}
	for _, condition := range o.For {
		fmt.Fprintf(out, "%d sites of namespace %s: %s\n", n, k.lab.Namespace, condition)
	}
	return nil
}

// awaitSites returns once a lab runs in the pods of all sites. The error is a LateError if
// ctx has ended for ErrLate before.
func awaitSites(ctx context.Context, lab pods.Lab) error {
	lacking := []string{"kubectl has not answered"}
	for {
		now, err := lab.Unready(ctx)
		switch {
		case ctx.Err() != nil: // what was asked last was cut short
		case err != nil:
			return err
		case len(now) == 0:
			return nil
		default:
			lacking = now
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), look.ErrLate) {
				return &look.LateError{Lab: lab.Namespace, Lacking: lacking}
			}
			return context.Cause(ctx)
		case <-time.After(kubeWaitPause):
		}
	}
}

// sitesHold returns in how many sites everything holds. A site may be without a router or a
// VRF that is asked for, but not without a lab.
func sitesHold(lab pods.Lab, o look.WaitOptions, outcomes []pods.Outcome) (int, error) {
	selects := o.Router != "" || slices.ContainsFunc(o.For, func(c look.Condition) bool { return c.String() != "converged" })
	n := 0
	var late []string
	for _, r := range outcomes {
		switch {
		case r.Code == exitOK:
			n++
		case r.Code == exitNotFound && selects:
		case r.Code == exitNotFound, r.Code == exitNotConverged:
			late = append(late, "site "+r.Site+": "+r.Complaint)
		default:
			return 0, fmt.Errorf("site %s: %s", r.Site, r.Complaint)
		}
	}
	switch {
	case len(late) > 0:
		return 0, &look.LateError{Lab: lab.Namespace, Lacking: late}
	case n == 0:
		return 0, status.NotFound(cmp.Or(outcomes[0].Complaint, "the lab has no such router or VRF"))
	}
	return n, nil
}
