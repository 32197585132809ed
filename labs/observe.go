package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"pseudowan/hosts"
)

// selfCommand starts this program again inside a host, see hosts.Enter.
var selfCommand = []string{"/proc/self/exe", "enter"}

// observed is what exists of a lab: everything that carries its mark.
type observed struct {
	netns      *hosts.NetNS // routers are entered as its hosts are
	runtimes   map[string]hosts.Runtime
	namespaces []hosts.Namespace
	sandboxes  []hosts.Sandbox
}

func observe(ctx context.Context, lab string) (observed, error) {
	o := observed{netns: hosts.NewNetNS(runRoot, selfCommand)}
	o.runtimes = map[string]hosts.Runtime{o.netns.Name(): o.netns}
	all, err := hosts.Namespaces()
	if err != nil {
		return o, err
	}
	for _, ns := range all {
		if ns.Mark.Lab == lab {
			o.namespaces = append(o.namespaces, ns)
		}
	}
	for name, r := range o.runtimes {
		found, err := r.List(ctx, lab)
		if err != nil {
			return o, fmt.Errorf("list the hosts of runtime %s: %w", name, err)
		}
		o.sandboxes = append(o.sandboxes, found...)
	}
	return o, nil
}

func (o observed) empty() bool { return len(o.namespaces)+len(o.sandboxes) == 0 }

func (o observed) namespacesBy(k hosts.Kind) []hosts.Namespace {
	var out []hosts.Namespace
	for _, ns := range o.namespaces {
		if ns.Mark.Kind == k {
			out = append(out, ns)
		}
	}
	return out
}

func (o observed) removeHosts(ctx context.Context, which func(hosts.Sandbox) bool) error {
	var errs []error
	for _, s := range o.sandboxes {
		if which(s) {
			errs = append(errs, o.runtimes[s.Runtime].Remove(ctx, s))
		}
	}
	return errors.Join(errs...)
}

// Names lists the labs that run, sorted.
func Names(ctx context.Context) ([]string, error) {
	all, err := hosts.Namespaces()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, ns := range all {
		names = append(names, ns.Mark.Lab)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
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
		msg := "no lab " + lab + " runs"
		if n := nearest(lab, names); n != "" {
			msg += "; did you mean " + n + "?"
		}
		return "", notFound(msg)
	case len(names) == 0:
		return "", notFound("no lab runs; `pseudowan up pseudo-wan` starts one")
	case len(names) > 1:
		return "", severalLabs(names)
	}
	return names[0], nil
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("this needs root: labs are made of network namespaces; use sudo")
	}
	return nil
}
