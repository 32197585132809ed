package look

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/probe"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
)

// Nodes lists the routers and hosts of a lab, or of all labs if lab is empty, in
// natural order. Hosts in containers that cannot be seen are listed as unknown, with
// an error that says why.
func Nodes(ctx context.Context, lab string) ([]status.Node, error) {
	if err := inventory.NeedRoot(); err != nil {
		return nil, err
	}
	names, err := inventory.Names(ctx)
	if err != nil {
		return nil, err
	}
	if lab != "" {
		if lab, err = inventory.Pick(ctx, lab); err != nil {
			return nil, err
		}
		names = []string{lab}
	}
	var out []status.Node
	var errs []error
	for _, name := range names {
		found, err := inventory.Of(ctx, name, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, nodesOf(ctx, found, name)...)
		errs = append(errs, found.Unseen.Err())
	}
	return out, errors.Join(errs...)
}

func nodesOf(ctx context.Context, o inventory.Inventory, lab string) []status.Node {
	applied, running := store.Topology(lab), inventory.FindProcesses()
	var out []status.Node
	for _, ns := range o.ByKind(hosts.KindRouter) {
		out = append(out, routerNode(ctx, lab, ns, running, applied))
	}
	planned, _ := store.Applied(lab)
	for _, s := range o.Hosts {
		n := hostNode(lab, s, applied)
		n.Published = publishedOf(&planned, s.Node)
		if s.Ended {
			n.LastLines = o.LastLines(ctx, s)
		}
		n.Services = servicesOf(lab, s.Node, applied)
		out = append(out, n)
	}
	if o.Unseen != nil {
		for _, h := range o.Unseen.Hosts {
			out = append(out, unseenNode(o.Unseen, lab, h.Name, applied))
		}
	}
	now, halts := faultsOf(ctx, lab, applied, &o), store.Halts(lab)
	for i := range out {
		out[i].Faults = now.of(out[i].Node)
		if h, ok := halts[out[i].Node]; ok {
			out[i].State = haltState(h)
		}
	}
	slices.SortFunc(out, func(a, b status.Node) int {
		if a.Kind != b.Kind {
			return cmp.Compare(b.Kind, a.Kind) // routers first
		}
		return topology.CompareNames(a.Node, b.Node)
	})
	return out
}

// haltState returns the state of a node that somebody has stopped or paused.
func haltState(h store.Halt) status.NodeState {
	if h.Paused {
		return status.NodePaused
	}
	return status.NodeStopped
}

func routerNode(ctx context.Context, lab string, ns hosts.Namespace, running inventory.Processes, t *topology.Topology) status.Node {
	n := status.Node{
		Lab: lab, Node: ns.Mark.Node, Kind: status.Router, Runtime: hosts.NetNS, NetNS: ns.Path(), Addresses: []string{},
		State: status.NodeAgentless,
	}
	if pid := running.Agent(lab, ns.Mark.Node); pid != 0 && inventory.Stopped(pid) {
		n.State, n.PID = status.NodeAgentHangs, pid // it is not asked: it would not answer
	} else if pid != 0 && inventory.InNamespace(pid, ns) {
		n.State, n.PID = status.NodeRunning, pid
		if n.Datapath = datapathOf(ctx, lab, n.Node); n.Datapath == "" {
			n.State = status.NodeAgentSilent
		}
	}
	if !switchRuns(lab, n.Node) {
		n.State += ", " + status.NodeSwitchless
	}
	if t == nil {
		return n
	}
	for _, l := range t.Links {
		for _, e := range l.Ends {
			if e.Router != ns.Mark.Node {
				continue
			}
			for _, a := range e.Addresses {
				n.Addresses = append(n.Addresses, a.String())
			}
		}
	}
	return n
}

// switchRuns reports whether the daemons of a router's switch run. It is true if
// their run directory is gone, so that nothing is known about them.
func switchRuns(lab, router string) bool {
	dir := store.OVSDir(store.RouterDir(lab, router))
	for _, daemon := range []string{"ovsdb-server", "ovs-vswitchd"} {
		text, err := os.ReadFile(filepath.Join(dir, daemon+".pid"))
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(text)), "cmdline"))
		if err != nil || !strings.Contains(string(line), dir) {
			return false
		}
	}
	return true
}

// datapathOf asks a router's agent for its datapath; "" if it does not answer.
func datapathOf(ctx context.Context, lab, name string) string {
	const patience = time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := router.NewClient(name, store.AgentSocket(lab, name))
	defer c.Close()
	datapath, err := c.Datapath(ctx)
	if err != nil {
		return ""
	}
	return datapath
}

func hostNode(lab string, s hosts.Sandbox, t *topology.Topology) status.Node {
	n := status.Node{
		Lab: lab, Node: s.Node, Kind: status.Host, Runtime: s.Runtime, State: status.NodeRunning, NetNS: s.NetNS, PID: s.PID,
		Addresses: []string{},
	}
	switch {
	case s.PID != 0:
		n.CommandState = status.CommandRunning
	case s.Ended:
		n.CommandState, n.State = status.CommandEnded, status.NodeEnded
	}
	if s.Ended && s.ExitCode != hosts.UnknownExit {
		n.ExitCode = &s.ExitCode
	}
	switch {
	case !s.Running():
		n.State = status.NodeStopped
	case s.Paused:
		n.State = status.NodePaused
	}
	if t == nil {
		return n
	}
	i := slices.IndexFunc(t.Hosts, func(h topology.Host) bool { return h.Name == s.Node })
	if i < 0 {
		n.State = status.NodeUnplanned
		return n
	}
	var vrfs []string
	for _, a := range t.AtRouters(t.Hosts[i]) {
		vrfs = append(vrfs, a.VRF)
	}
	for _, a := range t.Hosts[i].Attachments {
		for _, p := range plan.HostAddresses(lab, s.Node, a) {
			n.Addresses = append(n.Addresses, p.String())
		}
	}
	n.Addresses = append(n.Addresses, learnedBy(t.Hosts[i], s, n.Addresses)...)
	for _, lan := range t.Hosts[i].LANs {
		n.Addresses = append(n.Addresses, lan.String())
	}
	n.VRF = strings.Join(slices.Compact(vrfs), ",")
	return n
}

// learnedBy returns the addresses that a running host has and the topology does not
// know: those that a DHCP server gave, and those in delegated prefixes.
func learnedBy(h topology.Host, s hosts.Sandbox, known []string) []string {
	learns := func(iface string) bool {
		return slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool {
			return a.Interface == iface && (a.DHCP.Leases() || h.Delegates(iface) || a.SLAAC && len(a.Prefixes()) == 0)
		})
	}
	any := func(a topology.Attachment) bool { return learns(a.Interface) }
	if !s.Running() || !slices.ContainsFunc(h.Attachments, any) {
		return nil
	}
	have, err := probe.Host{Name: h.Name, NetNS: s.NetNS}.Addresses()
	if err != nil {
		return nil // it is just ending
	}
	var out []string
	for _, a := range have {
		if text := a.Prefix.String(); learns(a.Interface) && !slices.Contains(known, text) {
			out = append(out, text)
		}
	}
	return out
}

// unseenNode describes an unseen host for ps.
func unseenNode(u *inventory.UnseenHosts, lab, name string, t *topology.Topology) status.Node {
	n := hostNode(lab, hosts.Sandbox{Runtime: u.RuntimeOf(name), Node: name}, t)
	n.State, n.CommandState = status.NodeUnknown, status.CommandUnknown
	if u.Runs(name) {
		n.CommandState = status.CommandRunning
	}
	return n
}
