package labs

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/status"
	"pseudowan/topology"
)

// observed is what exists of a lab: everything that carries its mark.
type observed struct {
	runtimes
	namespaces []hosts.Namespace
	hosts      []hosts.Sandbox
	unseen     *unseen // hosts that are not among them; nil where there are none
}

func observe(ctx context.Context, lab string, p Progress) (observed, error) {
	o := observed{runtimes: findRuntimes(ctx, p.Step)}
	all, err := hosts.Namespaces()
	if err != nil {
		return o, err
	}
	for _, ns := range all {
		if ns.Mark.Lab == lab {
			o.namespaces = append(o.namespaces, ns)
		}
	}
	// The wires of a container that has just been removed go a moment later.
	const patience, poll = 2 * time.Second, 50 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(poll) {
		if o.hosts, err = o.sandboxes(ctx, lab); err != nil {
			return o, err
		}
		if o.unseen = o.findUnseen(lab); o.unseen == nil || !o.unseen.fresh || ctx.Err() != nil || time.Now().After(deadline) {
			return o, nil
		}
	}
}

func (o observed) empty() bool { return len(o.namespaces)+len(o.hosts) == 0 }

func (o observed) namespacesBy(k hosts.Kind) []hosts.Namespace {
	var out []hosts.Namespace
	for _, ns := range o.namespaces {
		if ns.Mark.Kind == k {
			out = append(out, ns)
		}
	}
	return out
}

// removeHosts removes the hosts that which picks, several at a time.
func (o observed) removeHosts(ctx context.Context, which func(hosts.Sandbox) bool) error {
	var (
		g    errgroup.Group
		mu   sync.Mutex
		errs []error
	)
	g.SetLimit(parallel)
	for _, s := range o.hosts {
		if !which(s) {
			continue
		}
		g.Go(func() error {
			runtime, err := o.get(s.Runtime)
			if err == nil {
				err = runtime.Remove(ctx, s)
			}
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			return nil
		})
	}
	g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}

// Names lists the labs of which something is there, sorted.
func Names(ctx context.Context) ([]string, error) {
	all, err := hosts.Namespaces()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, ns := range all {
		names = append(names, ns.Mark.Lab)
	}
	if len(names) == 0 {
		if names, err = namesOfHosts(ctx); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// namesOfHosts lists the labs that have hosts: containers may be all that is
// left of a lab, after a reboot or where their daemon was gone when the lab was
// removed.
func namesOfHosts(ctx context.Context) ([]string, error) {
	left, err := findRuntimes(ctx, func(string) {}).sandboxes(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range left {
		names = append(names, s.Lab)
	}
	return names, nil
}

// pick returns the lab that is meant: the named one, or the only one.
func pick(ctx context.Context, lab string) (string, error) {
	names, err := Names(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case lab != "" && slices.Contains(names, lab):
		return lab, nil
	case lab != "":
		if left, err := namesOfHosts(ctx); err != nil || slices.Contains(left, lab) {
			return lab, err
		}
		msg := "no lab " + lab + " runs"
		if n := topology.Nearest(lab, names); n != "" {
			msg += "; did you mean " + n + "?"
		}
		return "", status.NotFound(msg)
	case len(names) == 0:
		return "", status.NotFound("no lab runs; `pseudowan up pseudo-wan` starts one")
	case len(names) > 1:
		return "", status.SeveralLabs(names)
	}
	return names[0], nil
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("this needs root: labs are made of network namespaces; use sudo")
	}
	return nil
}
