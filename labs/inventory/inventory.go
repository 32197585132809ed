package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/status"
	"pseudowan/topology"
)

// Inventory is what exists of a lab: everything that carries its mark.
type Inventory struct {
	Runtimes
	Namespaces []hosts.Namespace
	Hosts      []hosts.Sandbox
	Unseen     *UnseenHosts // hosts that the runtimes do not list; nil if there are none
}

// Of takes the inventory of a lab. say, which may be nil, hears of steps that take
// a while.
func Of(ctx context.Context, lab string, say func(string)) (Inventory, error) {
	o := Inventory{Runtimes: FindRuntimes(ctx, say)}
	all, err := hosts.Namespaces()
	if err != nil {
		return o, err
	}
	for _, ns := range all {
		if ns.Mark.Lab == lab {
			o.Namespaces = append(o.Namespaces, ns)
		}
	}
	// The wires of a removed container disappear a moment later.
	const patience, poll = 2 * time.Second, 50 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(poll) {
		if o.Hosts, err = o.Sandboxes(ctx, lab); err != nil {
			return o, err
		}
		if o.Unseen = o.findUnseen(lab); o.Unseen == nil || !o.Unseen.fresh || ctx.Err() != nil || time.Now().After(deadline) {
			return o, nil
		}
	}
}

// Empty reports whether nothing of the lab has its mark.
func (o Inventory) Empty() bool { return len(o.Namespaces)+len(o.Hosts) == 0 }

// ByKind returns the namespaces of a kind.
func (o Inventory) ByKind(k hosts.Kind) []hosts.Namespace {
	var out []hosts.Namespace
	for _, ns := range o.Namespaces {
		if ns.Mark.Kind == k {
			out = append(out, ns)
		}
	}
	return out
}

// Names lists the labs of which anything exists, sorted.
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

// namesOfHosts lists the labs that have hosts: after a reboot, or if their daemon
// was down when the lab was removed, containers may be all that is left.
func namesOfHosts(ctx context.Context) ([]string, error) {
	left, err := FindRuntimes(ctx, nil).Sandboxes(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range left {
		names = append(names, s.Lab)
	}
	return names, nil
}

// Pick returns the lab that a command means: the named one, or the only one.
func Pick(ctx context.Context, lab string) (string, error) {
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
		msg := "lab " + lab + " is not running"
		if n := topology.Nearest(lab, names); n != "" {
			msg += "; did you mean " + n + "?"
		}
		return "", status.NotFound(msg)
	case len(names) == 0:
		return "", status.NotFound("no lab is running; `pseudowan up pseudo-wan` starts one")
	case len(names) > 1:
		return "", status.SeveralLabs(names)
	}
	return names[0], nil
}

// NeedRoot returns an error unless the process runs as root.
func NeedRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("this needs root, because labs are made of network namespaces; use sudo")
	}
	return nil
}

// NameIsFree reports whether no namespace has the name. An empty file is not a
// namespace.
func NameIsFree(name string) bool {
	_, err := os.Lstat(hosts.Namespace{Name: name}.Path())
	return err != nil || hosts.IsVacant(name)
}

// NoSuchNode returns the error for an unknown node, with the nearest name.
func (o Inventory) NoSuchNode(lab, node string) error {
	var names []string
	for _, s := range o.Hosts {
		names = append(names, s.Node)
	}
	for _, ns := range o.ByKind(hosts.KindRouter) {
		names = append(names, ns.Mark.Node)
	}
	if o.Unseen != nil {
		for _, h := range o.Unseen.Hosts {
			names = append(names, h.Name)
		}
	}
	slices.SortFunc(names, topology.CompareNames)
	if n := topology.Nearest(node, names); n != "" {
		return status.NotFound(fmt.Sprintf("lab %s has no node %s; did you mean %s?", lab, node, n))
	}
	const few = 8
	if len(names) > few {
		names = append(names[:few], "…")
	}
	return status.NotFound(fmt.Sprintf("lab %s has no node %s; it has %s", lab, node, strings.Join(names, ", ")))
}
