package look

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/logfile"
	"pseudowan/status"
)

// LogOptions select a log and a part of it.
type LogOptions struct {
	Lab  string // "": the only one
	Node string

	Service string // of the host; "": its own command, or else its only service

	Last   int  // lines; negative: all
	Follow bool // until the host's command ends, the node is removed or ctx ends
}

// Log writes the output of a host's own command, its container's first process, a
// service, or a router's agent. note says why there is none.
func Log(ctx context.Context, o LogOptions, w io.Writer) (note string, err error) {
	if err := inventory.NeedRoot(); err != nil {
		return "", err
	}
	lab, err := inventory.Pick(ctx, o.Lab)
	if err != nil {
		return "", err
	}
	found, err := inventory.Of(ctx, lab, nil)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == o.Node }); i >= 0 {
		s := found.Hosts[i]
		if all := servicesOf(lab, o.Node, store.Topology(lab)); o.Service != "" || len(all) > 0 && s.Running() && s.PID == 0 && !s.Ended {
			return serviceLog(ctx, lab, all, o, w)
		}
		return hostLog(ctx, found, s, o, w)
	}
	if found.Unseen.Has(o.Node) {
		return "", found.Unseen.OfHost(o.Node)
	}
	router := func(ns hosts.Namespace) bool { return ns.Mark.Node == o.Node }
	if !slices.ContainsFunc(found.ByKind(hosts.KindRouter), router) {
		return "", found.NoSuchNode(lab, o.Node)
	}
	if o.Service != "" {
		return "", status.NotFound(o.Node + " is a router, which has no services")
	}
	path := store.RouterLog(lab, o.Node)
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		note = "the agent of router " + o.Node + " has written nothing"
	}
	return note, logfile.Copy(ctx, w, path, logfile.CopyOptions{
		Last: o.Last, Follow: o.Follow, Written: func() bool { return true }, // an agent that ends is restarted
	})
}

func hostLog(ctx context.Context, o inventory.Inventory, s hosts.Sandbox, x LogOptions, w io.Writer) (note string, err error) {
	runtime, err := o.Get(s.Runtime)
	if err != nil {
		return "", err
	}
	if s.Running() && s.PID == 0 && !s.Ended {
		return fmt.Sprintf("host %s has no command of its own", s.Node), nil
	}
	return "", runtime.Log(ctx, s, hosts.LogOptions{Last: x.Last, Follow: x.Follow}, w)
}
